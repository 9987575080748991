package tlog

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// The example of C2SP tlog-cosignature: its key is not given, its time is.
func TestCosignatureOfTheSpecificationIsReadAsItSays(t *testing.T) {
	example := "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" +
		"— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" +
		"— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
	text, lines, err := splitNote([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseCheckpoint(text)
	if err != nil || c.Size != 20852163 || c.Origin != "example.com/behind-the-sofa" {
		t.Fatalf("ParseCheckpoint = %+v, %v", c, err)
	}
	got := (&Cosigner{id: lines[1].id}).read(lines[1])
	if got.Time.Unix() != 1679315147 || got.Name != "witness.example.com/w1" {
		t.Fatalf("cosignature = %+v", got)
	}
	want := "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	if string(cosignedMessage(1679315147, text)) != want {
		t.Fatalf("signed message = %q", cosignedMessage(1679315147, text))
	}
}

func TestCosignaturesOfKnownWitnessesAreVerified(t *testing.T) {
	c := checkpointOf(t, newTree(t, 9))
	one, two := newWitness(t, testWitness, witnessKey), newWitness(t, "witness.example/w2", testKey("two"))
	signed := sign(t, c, one.At(testTime), two.At(testTime.Add(time.Second)))

	got, cosignatures, err := OpenCosigned(signed, logVerifier(t), &two.Cosigner, &one.Cosigner)
	if err != nil || got != c {
		t.Fatalf("OpenCosigned = %v, %v", got, err)
	}
	if len(cosignatures) != 2 || cosignatures[0].Name != testWitness || !cosignatures[0].Time.Equal(testTime) ||
		!cosignatures[1].Time.Equal(testTime.Add(time.Second)) {
		t.Fatalf("cosignatures = %+v", cosignatures)
	}

	// A bad signature of a known key refuses the note, of an unknown one it does not.
	bad := strings.Replace(string(signed), "— "+testWitness+" eAdCCwAAAA", "— "+testWitness+" eAdCCwAAAB", 1)
	if bad == string(signed) {
		t.Fatal("the test damages nothing")
	}
	if _, _, err := OpenCosigned([]byte(bad), logVerifier(t), &one.Cosigner); !errors.Is(err, ErrSignature) {
		t.Fatalf("damaged cosignature: %v", err)
	}
	if _, found, err := OpenCosigned([]byte(bad), logVerifier(t), &two.Cosigner); err != nil || len(found) != 1 {
		t.Fatalf("damaged cosignature of an unknown witness: %v", err)
	}
	// One key counts once, however often its line is there.
	line := strings.SplitAfter(string(signed), "\n")[5]
	if _, _, err := OpenCosigned([]byte(string(signed)+line), logVerifier(t), &one.Cosigner); !errors.Is(err, ErrSignature) {
		t.Fatalf("the same cosignature twice: %v", err)
	}
	if _, _, err := OpenCosigned(signed, logVerifier(t), &one.Cosigner, &one.Cosigner); !errors.Is(err, ErrSignature) {
		t.Fatalf("the same witness given twice: %v", err)
	}
}

func TestCosignatureOfAnotherTimeOrTreeDoesNotVerify(t *testing.T) {
	w := newWitness(t, testWitness, witnessKey)
	c := checkpointOf(t, newTree(t, 9))
	signature, err := w.At(testTime).Sign(c.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	other := checkpointOf(t, newTree(t, 10))
	later := bytes.Clone(signature)
	binary.BigEndian.PutUint64(later, uint64(testTime.Unix())+1)
	const tooLate = math.MaxInt64 + 1
	beyond := binary.BigEndian.AppendUint64(nil, tooLate)
	beyond = append(beyond, ed25519.Sign(witnessKey, cosignedMessage(tooLate, c.Marshal()))...)
	tests := map[string]bool{
		"another tree":      w.Verify(other.Marshal(), signature),
		"another time":      w.Verify(c.Marshal(), later),
		"time beyond int64": w.Verify(c.Marshal(), beyond),
		"a byte short":      w.Verify(c.Marshal(), signature[:71]),
		"a byte long":       w.Verify(c.Marshal(), append(signature[:72:72], 0)),
		"nothing":           w.Verify(c.Marshal(), nil),
	}
	for name, accepted := range tests {
		if accepted {
			t.Errorf("%s: accepted", name)
		}
	}
	if !w.Verify(c.Marshal(), signature) {
		t.Error("the good one is refused")
	}
	if _, err := w.Cosign(c, time.Unix(-1, 0)); err == nil {
		t.Error("cosigned before 1970")
	}
	if _, err := w.Cosign(Checkpoint{Origin: testOrigin}, testTime); err == nil {
		t.Error("cosigned an empty tree with the root of another")
	}
}

// A bad line stored with the checkpoint would make every reader refuse it.
func TestWitnessCannotPoisonACheckpoint(t *testing.T) {
	log := logVerifier(t)
	w := newWitness(t, testWitness, witnessKey)
	c, other := checkpointOf(t, newTree(t, 9)), checkpointOf(t, newTree(t, 10))
	signed := sign(t, c)
	line, err := w.Cosign(c, testTime)
	if err != nil {
		t.Fatal(err)
	}
	forOther, err := w.Cosign(other, testTime)
	if err != nil {
		t.Fatal(err)
	}
	impostor, err := newWitness(t, testWitness, testKey("impostor")).Cosign(c, testTime)
	if err != nil {
		t.Fatal(err)
	}
	// Ed25519 cosignatures do not cover the name: the line must have it right.
	renamed, err := newWitness(t, "witness.example/w9", witnessKey).Cosign(c, testTime)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(line)
	damaged[len(damaged)-6] ^= 1
	for name, bad := range map[string][]byte{
		"for another tree": forOther, "of another key": impostor, "of another name": renamed, "damaged": damaged, "two lines": append(bytes.Clone(line), line...),
		"nothing": nil, "text": []byte("hello\n"), "no newline": bytes.TrimSuffix(line, []byte("\n")),
	} {
		if b, err := AddCosignature(signed, log, &w.Cosigner, bad); err == nil || b != nil {
			t.Errorf("%s: added", name)
		}
	}
	once, err := AddCosignature(signed, log, &w.Cosigner, line)
	if err != nil {
		t.Fatal(err)
	}
	later, err := w.Cosign(c, testTime.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	again, err := AddCosignature(once, log, &w.Cosigner, later)
	if err != nil {
		t.Fatal(err)
	}
	_, cosignatures, err := OpenCosigned(again, log, &w.Cosigner)
	if err != nil || len(cosignatures) != 1 || !cosignatures[0].Time.Equal(testTime.Add(time.Hour)) {
		t.Fatalf("OpenCosigned = %+v, %v", cosignatures, err)
	}
}
