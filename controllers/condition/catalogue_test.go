package condition_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/concordat-hub/concordat/controllers/condition"
	"github.com/concordat-hub/concordat/internal/message"
)

// Every code that a controller uses has a sentence, and no sentence is left over.
func TestConditionsSayWhatTheCatalogueHas(t *testing.T) {
	raw, err := os.ReadFile("../../internal/message/catalogue/operator.en.json")
	if err != nil {
		t.Fatal(err)
	}
	var sentences map[string]string
	if err := json.Unmarshal(raw, &sentences); err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`"(operator_[a-z_]+)"`)
	used := map[string]bool{}
	err = filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, match := range code.FindAllStringSubmatch(string(source), -1) {
			used[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, on := range []string{"hub", "keykeeper", "namespace"} {
		used["operator_cleanup_blocked_"+on] = true // what deletion waits for is part of the code
	}
	delete(used, "operator_cleanup_blocked_")
	for name := range used {
		if sentences[name] == "" {
			t.Errorf("%s has no sentence", name)
		}
	}
	for name := range sentences {
		if !used[name] {
			t.Errorf("nobody says %s", name)
		}
	}
}

// The time of transition moves with the status and with nothing else, so that the
// same observation writes the same bytes.
func TestTheSameObservationIsTheSameCondition(t *testing.T) {
	long := metav1.Unix(0, 0)
	list := []metav1.Condition{{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Working", Message: "old", LastTransitionTime: long}}
	condition.Set(&list, 2, condition.True("Ready", "Working", "operator_working", nil))
	if got := list[0]; !got.LastTransitionTime.Equal(&long) || got.Message != message.Text("operator_working", nil) || got.ObservedGeneration != 2 {
		t.Errorf("got %+v", got)
	}
	condition.Set(&list, 2, condition.False("Ready", "Suspended", "operator_suspended", nil))
	if list[0].LastTransitionTime.Equal(&long) {
		t.Error("the status turned and its time did not")
	}
}
