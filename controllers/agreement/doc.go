// Package agreement reconciles the SharingAgreement kind: a request to agree, and
// then a view of where the revision stands in the hub's ledger.
//
// It promises that nothing is decided here. The document is judged by the same
// pure function that hub and desks use; who has signed and whether it is in force
// is the ledger's word, shown within two seconds. The controller writes status and
// nothing else: it proposes nothing, signs nothing and brings nothing back.
//
// Who wakes it: the object itself; Feed, to which the hub answers as soon as an
// agreement is not as it was, and which names the objects whose revision that is;
// and the moment at which time alone changes the state.
package agreement
