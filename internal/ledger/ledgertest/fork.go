package ledgertest

import (
	"crypto/ed25519"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"time"
	"unsafe"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Fork returns an independent world that goes on from here: nothing that happens
// in one is seen by the other. A fork is unsigned: its acts are as if verified,
// with ids of their own and no bytes, so that millions of histories can be tried.
func (w *World) Fork() *World {
	return &World{State: copied(w.State), Now: w.Now, serial: w.serial, unsigned: true}
}

// admit is Append without signatures: all that the ledger itself checks is checked.
func (w *World) admit(id act.KeyID, payload act.Payload) (act.ID, error) {
	if _, err := w.State.ResolveKey(id); err != nil {
		return "", &act.Error{Code: "sig_key_unknown", Detail: "the key that signed is not in force at this hub"}
	}
	w.serial++
	a := &act.Act{Kind: payload.Kind(), KeyID: id, ID: act.ID(fmt.Sprintf("%043d", w.serial)), Payload: payload}
	return a.ID, w.tell(ledger.Entry{Index: w.State.Next, Time: w.Now, Act: a})
}

func (w *World) tell(e ledger.Entry) error {
	if err := ledger.Apply(w.State, e); err != nil {
		return err
	}
	w.Told = append(w.Told, e)
	return nil
}

// keyIDs remembers agreementtest.KeyID, which derives a key each time.
var keyIDs sync.Map

// KeyID is agreementtest.KeyID, for tests that ask very often.
func KeyID(agency act.AgencyName, purpose act.Purpose) act.KeyID {
	type of struct {
		agency  act.AgencyName
		purpose act.Purpose
	}
	if id, ok := keyIDs.Load(of{agency, purpose}); ok {
		return id.(act.KeyID)
	}
	id := agreementtest.KeyID(agency, purpose)
	keyIDs.Store(of{agency, purpose}, id)
	return id
}

// whole are the types whose values no act changes once they stand: copies share them.
var whole = map[reflect.Type]bool{
	reflect.TypeFor[time.Time]():           true,
	reflect.TypeFor[ed25519.PublicKey]():   true,
	reflect.TypeFor[restriction.Set]():     true,
	reflect.TypeFor[*agreement.Document](): true,
	reflect.TypeFor[*act.ItemRelease]():    true,
}

// copied returns a deep copy of a state. It goes by reflection, so that a new
// member of the state is copied too, and two pointers to one thing stay so.
func copied(s *ledger.State) *ledger.State {
	c := copier{}
	return c.copy(reflect.ValueOf(s)).Interface().(*ledger.State)
}

type copier map[unsafe.Pointer]reflect.Value

func (c copier) copy(v reflect.Value) reflect.Value {
	if isPlain(v.Type()) {
		return v
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		if done, ok := c[v.UnsafePointer()]; ok {
			return done
		}
		out := reflect.New(v.Type().Elem())
		c[v.UnsafePointer()] = out
		out.Elem().Set(v.Elem())
		c.detach(out.Elem())
		return out
	case reflect.Map:
		return c.copyMap(v)
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(out, v)
		for i := range out.Len() {
			c.detach(out.Index(i))
		}
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		c.detach(out)
		return out
	}
	panic(fmt.Sprintf("ledgertest: a state holds a %s, which Fork cannot copy", v.Type()))
}

func (c copier) copyMap(v reflect.Value) reflect.Value {
	switch m := v.Interface().(type) { // the large ones, many times faster than by reflection
	case map[act.ID]bool:
		return reflect.ValueOf(maps.Clone(m))
	case map[act.ID]uint64:
		return reflect.ValueOf(maps.Clone(m))
	case map[string]act.ID:
		return reflect.ValueOf(maps.Clone(m))
	case map[act.Thumbprint]act.AgencyName:
		return reflect.ValueOf(maps.Clone(m))
	case map[act.AgencyName]ledger.Signature:
		return reflect.ValueOf(maps.Clone(m))
	case map[act.AgencyName]ledger.Step:
		return reflect.ValueOf(maps.Clone(m))
	}
	if v.IsNil() {
		return v
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for each := v.MapRange(); each.Next(); {
		out.SetMapIndex(each.Key(), c.copy(each.Value()))
	}
	return out
}

// detach replaces what an addressable value refers to by copies.
func (c copier) detach(v reflect.Value) {
	if isPlain(v.Type()) {
		return
	}
	if v.Kind() != reflect.Struct {
		v.Set(c.copy(v))
		return
	}
	for i := range v.NumField() {
		field := v.Field(i)
		if !isPlain(field.Type()) {
			// Reflection sets no unexported member; a copy must.
			c.detach(reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem())
		}
	}
}

var plain sync.Map

// isPlain says that an assignment copies a value of the type whole.
func isPlain(t reflect.Type) bool {
	if known, ok := plain.Load(t); ok {
		return known.(bool)
	}
	is := whole[t] || t.Kind() <= reflect.Complex128 || t.Kind() == reflect.String
	if !is && t.Kind() == reflect.Struct {
		is = true
		for i := range t.NumField() {
			is = is && isPlain(t.Field(i).Type)
		}
	}
	plain.Store(t, is)
	return is
}
