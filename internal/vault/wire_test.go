package vault_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

// told is what a client heard of the time.
type told struct {
	date time.Time
	took time.Duration
}

func listen(client *vault.Client) *[]told {
	heard := &[]told{}
	client.OnTime(func(date time.Time, took time.Duration) { *heard = append(*heard, told{date, took}) })
	return heard
}

// Whatever Vault answers says what its clock shows; what is no answer says nothing.
func TestEveryAnswerSaysWhatTimeItIsAtVault(t *testing.T) {
	at := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		tells  bool
	}{
		"done":    {func(w http.ResponseWriter) { respond(w, 200, dataOf(map[string]any{"ciphertext": "vault:v1:x"})) }, true},
		"refused": {func(w http.ResponseWriter) { respond(w, 400, nil) }, true},
		"denied":  {func(w http.ResponseWriter) { respond(w, 403, nil) }, true},
		"sealed": {func(w http.ResponseWriter) {
			respond(w, 503, map[string]any{"errors": []string{"Vault is sealed"}})
		}, true},
		"a standby points elsewhere": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://elsewhere.invalid/")
			w.WriteHeader(307)
		}, false},
		"no date":             {func(w http.ResponseWriter) { w.Header()["Date"] = nil; respond(w, 200, nil) }, false},
		"a date of no form":   {func(w http.ResponseWriter) { w.Header().Set("Date", "tomorrow"); respond(w, 200, nil) }, false},
		"broken off":          {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, false},
		"a date and no sense": {func(w http.ResponseWriter) { w.WriteHeader(200); _, _ = w.Write([]byte("<html>")) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", at.Format(http.TimeFormat))
				c.answer(w)
			})
			client := s.client(t)
			heard := listen(client)
			_, _ = client.Encrypt(t.Context(), "m", "k", []byte("x"), nil)
			if (len(*heard) > 0) != c.tells {
				t.Fatalf("heard %v", *heard)
			}
			for _, one := range *heard {
				if !one.date.Equal(at) {
					t.Errorf("heard %v", one.date)
				}
			}
		})
	}
}

// How old a Date may be is how long the exchange took.
func TestASlowAnswerSaysHowLongItTook(t *testing.T) {
	s := newStub(t)
	const wait = 300 * time.Millisecond
	s.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(wait) // what is measured
		respond(w, 200, dataOf(map[string]any{"ciphertext": "vault:v1:x"}))
	})
	client := s.client(t)
	heard := listen(client)
	if _, err := client.Encrypt(t.Context(), "m", "k", []byte("x"), nil); err != nil {
		t.Fatal(err)
	}
	if len(*heard) != 1 || (*heard)[0].took < wait {
		t.Errorf("heard %v", *heard)
	}
}

// A sealed Vault has a clock as well.
func TestARealVaultTellsTheTimeWhileItIsSealed(t *testing.T) {
	server := vaulttest.Start(t)
	client := server.Client(server.RootToken)
	server.Seal()
	heard := listen(client)
	if err := client.Ready(t.Context(), mount, "desk-sign"); err == nil || len(*heard) == 0 {
		t.Errorf("%v; heard %v", err, *heard)
	}
}
