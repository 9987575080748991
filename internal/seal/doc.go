// Package seal closes what one agency sends to others so that nobody between
// them can read it, and lets each reader check that it got what was released.
//
// Seal and Open have the HPKE sense: encrypt to recipients, decrypt as one of
// them. A sealed file is an age-encryption.org/v1 file whose every recipient is
// the post-quantum hybrid ML-KEM-768 + X25519; it is kept in two pieces, header
// and body, because the hub puts a second lock on the header (LockHeader) and
// hands it out only with a decision. Locking is not sealing: who holds the lock
// still cannot read.
//
// What the package promises:
//
//   - Open gives back plaintext only when the whole ciphertext had the digest
//     asked for and decrypted to its end: never a prefix of a truncated file.
//   - A header is accepted only if every stanza in it is of the hybrid type and
//     there are as many as the caller expects.
//   - A descriptor says what a sealed part is; its salted hash says nothing to
//     those who do not hold the salt.
//   - A section that only some readers may have is a part of its own, and what the
//     others get is the same with and without it: Binding, PadTo.
//   - Errors and formatted identities never contain key material or content.
//
// Everything is held in memory: content is at most MaxContent (16 MiB), and
// larger input is refused on both sides. There is no streaming interface.
//
// The package uses crypto/rand and no network, no clock and no files. Desk, hub,
// tlog and the command line may import it; the pure packages do not need it.
package seal
