package node

import "testing"

func TestValuesAreRewrittenAtPathBoundariesOnly(t *testing.T) {
	r := rewriting{
		mounts: map[string]string{
			"/etc/concordat":       "/tmp/pods/1/volumes/config",
			"/etc/concordat/inner": "/tmp/pods/1/volumes/inner",
			"/tmp":                 "/tmp/pods/1/volumes/tmp",
		},
		ports: map[int32]int{8443: 20001},
	}
	for given, want := range map[string]string{
		"/etc/concordat":                     "/tmp/pods/1/volumes/config",
		"/etc/concordat/roles.json":          "/tmp/pods/1/volumes/config/roles.json",
		"--roles=/etc/concordat/roles.json":  "--roles=/tmp/pods/1/volumes/config/roles.json",
		"/etc/concordat/inner/x":             "/tmp/pods/1/volumes/inner/x",
		"/etc/concordat-other/x":             "/etc/concordat-other/x",
		"/srv/etc/concordat/x":               "/srv/etc/concordat/x",
		"https://hub.example/tmp/x":          "https://hub.example/tmp/x",
		"/tmp/a:/tmp/b,/tmp":                 "/tmp/pods/1/volumes/tmp/a:/tmp/pods/1/volumes/tmp/b,/tmp/pods/1/volumes/tmp",
		"--listen=:8443":                     "--listen=127.0.0.1:20001",
		"--listen=0.0.0.0:8443":              "--listen=127.0.0.1:20001",
		"[::]:8443":                          "127.0.0.1:20001",
		":8443":                              "127.0.0.1:20001",
		"--listen=:9000":                     "--listen=:9000",
		"--hub=https://hub.example.com:8443": "--hub=https://hub.example.com:8443",
		"":                                   "",
	} {
		if got := r.value(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

func TestVariablesAreExpandedAsKubernetesDoes(t *testing.T) {
	known := map[string]string{"A": "1", "EMPTY": ""}
	for given, want := range map[string]string{
		"$(A)-$(EMPTY)-$(B)": "1--$(B)", "$$(A)": "$(A)", "$A $( $": "$A $( $", "$(A": "$(A", "x$(A)$(A)": "x11",
	} {
		if got := expand(given, known); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

func TestAnImageNamesItsProgram(t *testing.T) {
	for image, want := range map[string]string{
		"concordat-desk":                          "concordat-desk",
		"ghcr.io/concordat-hub/concordat-desk:1":  "concordat-desk",
		"localhost:5000/desk:1@sha256:0011223344": "desk",
		"desk@sha256:0011223344":                  "desk",
	} {
		if got := imageName(image); got != want {
			t.Errorf("%s names %s, want %s", image, got, want)
		}
	}
}
