package interop

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"

	theirnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/concordat-hub/concordat/internal/tlog"
)

func head(tb testing.TB) (tlog.Checkpoint, []byte, string) {
	tb.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := tlog.NewSigner(hubID, private)
	if err != nil {
		tb.Fatal(err)
	}
	checkpoint := tlog.Checkpoint{Origin: hubID, Size: 42, Root: [32]byte{1, 2, 3}}
	signed, err := tlog.SignCheckpoint(checkpoint, signer)
	if err != nil {
		tb.Fatal(err)
	}
	return checkpoint, signed, tlog.VKey(hubID, public)
}

// An agency's witness is one to transparency-dev's verifier, with its moment.
func TestOurCosignatureIsReadByOthers(t *testing.T) {
	checkpoint, signed, vkey := head(t)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	witness, err := tlog.NewWitness("agencya.test/witness", private)
	if err != nil {
		t.Fatal(err)
	}
	line, err := witness.Cosign(checkpoint, moment)
	if err != nil {
		t.Fatal(err)
	}
	log, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := theirnote.NewVerifierForCosignatureV1(tlog.CosignerVKey("agencya.test/witness", public))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(append(signed, line...), note.VerifierList(log, reader))
	if err != nil || len(opened.Sigs) != 2 {
		t.Fatalf("%+v, %v", opened, err)
	}
	if at, err := theirnote.CoSigV1Timestamp(opened.Sigs[1]); err != nil || !at.Equal(moment) {
		t.Errorf("cosigned at %s, %v; want %s", at, err, moment)
	}
}

// Any witness of the C2SP kind can cosign a hub's checkpoints.
func TestTheirCosignatureIsReadByUs(t *testing.T) {
	checkpoint, signed, vkey := head(t)
	secret, public, err := note.GenerateKey(rand.Reader, "witness.test/theirs")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := theirnote.NewSignerForCosignatureV1(secret)
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := note.Sign(&note.Note{Text: string(checkpoint.Marshal())}, signer)
	if err != nil {
		t.Fatal(err)
	}
	line := cosigned[len(checkpoint.Marshal())+1:]
	timestamped, err := theirnote.VKeyToCosignatureV1(public)
	if err != nil {
		t.Fatal(err)
	}
	witness, err := tlog.ParseCosigner(timestamped)
	if err != nil {
		t.Fatal(err)
	}
	log, err := tlog.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	both, err := tlog.AddCosignature(signed, log, witness, line)
	if err != nil {
		t.Fatal(err)
	}
	_, found, err := tlog.OpenCosigned(both, log, witness)
	if err != nil || len(found) != 1 || time.Since(found[0].Time).Abs() > time.Hour {
		t.Errorf("%+v, %v", found, err)
	}
	line[len(line)-5] ^= 1
	if _, err := tlog.AddCosignature(signed, log, witness, line); err == nil {
		t.Error("a spoiled cosignature is added")
	}
}
