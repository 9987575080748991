package seal

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// The content of a section's part, the salt that it gives its body, and a
// descriptor with restrictions, written once.
func TestSectionsWrittenByEarlierVersionsStillRead(t *testing.T) {
	const passage = `{"restrictions":{"recipients":["agencyb"]},"text":{"en":"A fictional passage"},"title":{"en":"For one agency"}}`
	content := golden(t, "v1-section.json", func() []byte {
		one := NewPassage([]byte(passage))
		b, err := Bind([]Passage{one})
		if err != nil {
			t.Fatal(err)
		}
		written, err := EncodeSection(one, b)
		if err != nil {
			t.Fatal(err)
		}
		return written
	})
	salt := golden(t, "v1-section.salt", func() []byte {
		var s sealedSection
		if err := canonical.Unmarshal(content, &s); err != nil {
			t.Fatal(err)
		}
		raw, err := s.Binding.Salt()
		if err != nil {
			t.Fatal(err)
		}
		return []byte(hex.EncodeToString(raw))
	})
	raw, err := hex.DecodeString(string(salt))
	if err != nil {
		t.Fatal(err)
	}
	if section, err := DecodeSection(content, raw); err != nil || string(section) != passage {
		t.Fatalf("DecodeSection = %s, %v", section, err)
	}

	descriptor := golden(t, "v1-section-descriptor.json", func() []byte {
		identity := newIdentity(t)
		d := describe(t, mustSeal(t, content, identity), identity, Commitment(make([]byte, SaltSize), content))
		d.Part, d.Restrictions = NewSectionPart(), map[string][]string{"recipients": {"agencyb"}}
		b, err := canonical.Marshal(SaltedDescriptor{Descriptor: d, Salt: Salt{4, 5, 6}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
	var s SaltedDescriptor
	if err := canonical.Unmarshal(descriptor, &s); err != nil {
		t.Fatal(err)
	}
	again, err := canonical.Marshal(s)
	if err != nil || !bytes.Equal(again, descriptor) || s.Descriptor.Validate() != nil {
		t.Fatalf("the descriptor is written differently now: %v\n%s", err, again)
	}
	if hash := golden(t, "v1-section-descriptor.hash", func() []byte { return []byte(s.Hash()) }); s.Hash() != string(hash) {
		t.Errorf("descriptor hash = %s, was %s", s.Hash(), hash)
	}
}
