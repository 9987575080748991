// Package hub is the service that admits acts to the ledger, decides opens and
// deliveries, and keeps the transparency log and the sealed items.
//
// What it promises:
//
//   - The ledger is the only truth. State is a fold of stored entries; nothing is
//     decided from anything else, and every decision is made again inside the
//     transaction that records it, after catching up with the ledger's head.
//   - No header leaves before the record of the decision that allows it is
//     durable. An open whose response can still be written is known; an act that
//     takes rights away is acknowledged only when every such open has answered or
//     was cut.
//   - It cannot read: bodies are sealed to the agencies, headers lie under a second
//     lock and are unlocked in memory only.
//   - Unknown, stale and timed out mean no.
//   - An agency cannot tell what it may not see from what does not exist.
//
// hubhttp is its transport and imports it; cmd/hub wires both. It imports the pure
// core, seal, tlog, store, and vault for its errors.
package hub
