// Package version says which version of Concordat is running.
package version

// Version is set by the linker; a build by hand says so.
var Version = "0.1.0-dev"
