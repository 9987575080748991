// Package condition makes status conditions whose sentences come from the
// message catalogue.
//
// Text is stable: the same observation gives the same bytes, so that a status
// that says nothing new is not written again. The controllers import it.
package condition

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/concordat-hub/concordat/internal/message"
)

// Condition is an observation before it is written: a type's status, reason and
// sentence.
type Condition struct {
	Type    string
	Status  metav1.ConditionStatus
	Reason  string
	Message message.Message
}

// True is an observation that something is so; params fill the sentence's holes.
func True(kind, reason, code string, params message.Params) Condition {
	return Condition{kind, metav1.ConditionTrue, reason, message.New(code, params)}
}

// False is an observation that something is not so.
func False(kind, reason, code string, params message.Params) Condition {
	return Condition{kind, metav1.ConditionFalse, reason, message.New(code, params)}
}

// Unknown is an observation that could not be made.
func Unknown(kind, reason, code string, params message.Params) Condition {
	return Condition{kind, metav1.ConditionUnknown, reason, message.New(code, params)}
}

// Set writes the condition into the list for this generation of the spec. The
// transition time moves only when the status does.
func Set(list *[]metav1.Condition, generation int64, c Condition) {
	meta.SetStatusCondition(list, metav1.Condition{
		Type: c.Type, Status: c.Status, Reason: c.Reason,
		Message: message.Render("en", c.Message), ObservedGeneration: generation,
	})
}

// Remove takes the condition out of the list: it does not apply.
func Remove(list *[]metav1.Condition, kind string) { meta.RemoveStatusCondition(list, kind) }
