package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// deviceLogin is a device grant under way (RFC 8628): the device polls with its device code while a
// person types the user code at /device.
type deviceLogin struct {
	userCode string
	tries    int
	state    op.DeviceAuthorizationState
}

// StoreDeviceAuthorization remembers a new pair of codes.
func (s storage) StoreDeviceAuthorization(_ context.Context, clientID, deviceCode, userCode string, expires time.Time, scopes []string) error {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.forgetExpired()
	for _, other := range s.r.devices {
		if other.userCode == userCode {
			return op.ErrDuplicateUserCode
		}
	}
	s.r.devices[deviceCode] = &deviceLogin{userCode: userCode, state: op.DeviceAuthorizationState{
		ClientID: clientID, Scopes: scopes, Expires: expires,
	}}
	return nil
}

// GetDeviceAuthorizatonState answers a poll. A finished login is handed out once.
func (s storage) GetDeviceAuthorizatonState(_ context.Context, clientID, deviceCode string) (*op.DeviceAuthorizationState, error) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	device := s.r.devices[deviceCode]
	if device == nil || device.state.ClientID != clientID {
		return nil, errUnknownRequest
	}
	if device.state.Done {
		delete(s.r.devices, deviceCode)
	}
	state := device.state
	return &state, nil
}

func (r *realm) deviceForm(userCode, problem string) page {
	return page{Title: "Allow a device at " + r.slug(), Action: r.issuer + "/device", Device: true, UserCode: userCode, Problem: problem}
}

func (r *realm) devicePage(w http.ResponseWriter, req *http.Request) {
	r.show(w, http.StatusOK, r.deviceForm(req.URL.Query().Get("user_code"), ""))
}

// deviceLogin finishes the login whose user code was typed. Code, officer and password are refused
// with one sentence, so that guessing codes learns nothing.
func (r *realm) deviceLogin(w http.ResponseWriter, req *http.Request) {
	officer, ok := r.authenticate(req.PostFormValue("username"), req.PostFormValue("password"))
	code := strings.ToUpper(strings.TrimSpace(req.PostFormValue("user_code")))
	if !r.settleDevice(code, officer.Name, ok) {
		r.show(w, http.StatusUnauthorized, r.deviceForm(code, "The code, the officer or the password is not right."))
		return
	}
	r.show(w, http.StatusOK, page{Title: "The device may go on", Text: "You can close this page."})
}

func (r *realm) settleDevice(userCode, officer string, ok bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for deviceCode, device := range r.devices {
		if device.userCode != userCode || device.state.Done || r.now().After(device.state.Expires) {
			continue
		}
		if !ok {
			if device.tries++; device.tries >= maxTries {
				delete(r.devices, deviceCode)
			}
			return false
		}
		device.state.Done, device.state.Subject = true, r.subject(officer)
		device.state.AMR, device.state.AuthTime = []string{"pwd"}, r.now()
		return true
	}
	return false
}
