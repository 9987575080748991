// Package desk is the agency's own program: its officers' way in, and its
// identity towards the hub.
//
// What it promises:
//
//   - Nothing with victim data goes on: a release needs the guard's verdict and
//     the word of a second officer on exactly this content.
//   - The desk seals only to parties that the signed agreement lets receive, to
//     the keys that the ledger holds for them, and not at all while its own view
//     of the ledger has a gap.
//   - A release is fixed before it is sent: whatever fails in between, it is
//     appended once.
//   - Content is shown only under an allow no older than the agreement's lease,
//     after conditions were accepted, and erased when the ledger says so.
//   - Nothing readable rests on disk, and no officer is known outside by more than
//     a pseudonym.
//
// The service is in this package; rest is a transport only; deskstore keeps what
// must not be lost. The kinds of item come from the program that wires it.
// cmd/desk imports this package; the hub and the operator never do.
package desk
