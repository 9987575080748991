package main

import (
	_ "embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// maxTries is how many wrong passwords a login under way survives.
const maxTries = 5

//go:embed pages.html
var pagesSource string

var pages = template.Must(template.New("pages").Parse(pagesSource))

// page is what the one template shows: a form when Action is set, else only its text.
type page struct {
	Title, Text, Problem string
	Action               string
	Request              string // the login under way
	Device               bool
	UserCode             string
}

func (r *realm) show(w http.ResponseWriter, status int, p page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	// No form-action: browsers apply it to the redirect that follows the form as well, and that one
	// leads to the client.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, "page", p); err != nil {
		r.logger.Error("page", "error", err)
	}
}

func (r *realm) slug() string { return r.issuer[strings.LastIndexByte(r.issuer, '/')+1:] }

func (r *realm) loginForm(request, problem string) page {
	return page{Title: "Log in at " + r.slug(), Action: r.issuer + "/login", Request: request, Problem: problem}
}

// goneForm is shown when there is no login under way, or not any more.
func (r *realm) goneForm() page {
	return page{Title: "Log in at " + r.slug(), Problem: "This login has ended or took too long. Start again where you came from."}
}

func (r *realm) loginPage(w http.ResponseWriter, req *http.Request) {
	id := req.URL.Query().Get("request")
	r.mu.Lock()
	request, err := r.request(id)
	done := err == nil && request.done
	r.mu.Unlock()
	if err != nil || done {
		r.show(w, http.StatusBadRequest, r.goneForm())
		return
	}
	r.show(w, http.StatusOK, r.loginForm(id, ""))
}

// login checks the password and sends the browser that gave it back to the client, with the code.
// It answers directly rather than through a callback address, which anyone who knows the request's
// id could ask for the code.
func (r *realm) login(w http.ResponseWriter, req *http.Request) {
	id := req.PostFormValue("request")
	officer, ok := r.authenticate(req.PostFormValue("username"), req.PostFormValue("password"))
	request := r.settle(id, officer.Name, ok)
	switch {
	case request == nil:
		r.show(w, http.StatusBadRequest, r.goneForm())
		return
	case !ok:
		r.logger.Info("login refused", "client", request.GetClientID())
		r.show(w, http.StatusUnauthorized, r.loginForm(id, "The officer or the password is not right."))
		return
	}
	location, err := op.BuildAuthResponseCallbackURL(req.Context(), request, r.provider)
	if err != nil {
		r.logger.Error("authorisation response", "error", err)
		r.show(w, http.StatusBadRequest, r.goneForm())
		return
	}
	r.logger.Info("logged in", "officer", officer.Name, "client", request.GetClientID())
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, req, withIssuer(location, r.issuer), http.StatusSeeOther)
}

// settle records the outcome of one try. It returns nil when the login is not under way: unknown,
// expired, already done or out of tries.
func (r *realm) settle(id, officer string, ok bool) *authRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	request, err := r.request(id)
	if err != nil || request.done {
		return nil
	}
	if !ok {
		if request.tries++; request.tries >= maxTries {
			delete(r.requests, id)
		}
		return request
	}
	request.done, request.subject, request.authTime = true, r.subject(officer), r.now()
	return request
}
