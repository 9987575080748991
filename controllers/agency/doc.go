// Package agency reconciles the Agency kind: what an administrator asks for
// becomes a namespace that keeps the agency apart, a Vault mount with four named
// keys, an admitted name at the hub and, in Managed mode, a desk.
//
// It promises:
//
//   - Everything is made from the agency's name and constants. An object that
//     belongs to somebody else is left untouched and reported (NameConflict).
//   - The finalizer is there before the first effect outside the Agency object.
//   - In steady state nothing is written, to kube-apiserver or elsewhere; what
//     somebody changed is put back.
//   - Deleting an Agency without spec.offboard.confirm changes nothing at the hub
//     or in Vault, and applying it again takes up where it was.
//   - Offboarding goes by stages (offboard.go), each of which can be undone but
//     the last, and no finalizer waits for Vault for ever.
//   - Keys are never made anew for an agency that the ledger knows: a lost key is
//     a matter for people.
//
// Who wakes it: the Agency and the objects made for it (watches); Pulse, when hub
// or Vault come or go; and a resync that looks at hub and desk again, every 5 s
// when all is well and every 2 s when not. Keys in Vault that were in order are
// looked at again after 30 s. Conditions are listed in api/v1alpha1.
//
// The package knows Vault, hub and desk only through the small interfaces in
// ports.go. It never imports hub or desk.
package agency
