package fingerprint

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The list is part of what people compare: this test pins its order.
func TestListHas256WordsInOrder(t *testing.T) {
	if len(list) != 256 || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != 256 {
		t.Fatalf("%d words, sorted %t", len(list), slices.IsSorted(list))
	}
	if list[0] != "acid" || list[127] != "jacket" || list[255] != "zipper" {
		t.Fatal("the list has changed")
	}
}

func TestWordsFollowTheFirstBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "thumbprint")
		words, err := Words(base64.RawURLEncoding.EncodeToString(raw))
		if err != nil {
			t.Fatal(err)
		}
		for i, word := range words {
			if word != list[raw[i]] {
				t.Fatalf("word %d is %s", i, word)
			}
		}
	})
}

func TestMalformedThumbprintHasNoWords(t *testing.T) {
	for _, bad := range []string{"", "short", strings.Repeat("=", 43), strings.Repeat("A", 44), strings.Repeat("A", 42) + "B"} {
		if words, err := Words(bad); err == nil {
			t.Errorf("%q has the words %v", bad, words)
		}
	}
}
