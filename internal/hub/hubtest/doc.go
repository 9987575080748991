// Package hubtest makes a world around a hub for tests: a real Vault, a cluster
// whose tokens verify offline, and agencies that sign, seal, release and open as
// a desk does, over the real HTTP API.
//
// Only tests import it.
package hubtest
