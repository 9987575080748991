package vault_test

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/concordat-hub/concordat/internal/vault"
)

// stub is a server that answers what a broken or malicious Vault would; what Vault itself answers is
// tested against the real one.
type stub struct {
	vault.Config
	*http.ServeMux
	url string
}

func newStub(t *testing.T) stub {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return stub{vault.Config{Address: server.URL, CAFile: ca}, mux, server.URL}
}

func (s stub) client(t *testing.T) *vault.Client {
	t.Helper()
	client, err := vault.New(s.Config, vault.TokenAuth{Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// answer makes a path answer with a status and a JSON body.
func (s stub) answer(path string, status int, body any) {
	s.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { respond(w, status, body) })
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func dataOf(fields map[string]any) map[string]any { return map[string]any{"data": fields} }
