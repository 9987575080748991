package vault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"
)

// OfficerLoginReady tells without any credential whether an agency's officers can log in to sign: it
// shows the login a token that nobody issued. A mount with a configuration and the role gets as far
// as refusing the token; without them Vault refuses earlier (ErrDenied, ErrRefused).
func OfficerLoginReady(ctx context.Context, config Config, authMount, role string) error {
	client, err := New(config, probe{authMount, role})
	if err != nil {
		return err
	}
	defer client.Close()
	bounded, cancel := context.WithTimeout(ctx, config.timeout())
	defer cancel()
	_, err = client.login(bounded, "")
	var answer *Error
	if errors.As(err, &answer) && answer.Status == 400 && strings.Contains(answer.detail, "error validating token") {
		return nil
	}
	if err == nil {
		return fmt.Errorf("%s lets anybody in", authMount) // a token without a signature was taken
	}
	return err
}

type probe struct{ mount, role string }

// nobody is a well-formed JWS that no key signed: header {"alg":"EdDSA"}, no claims, one zero byte.
const nobody = "eyJhbGciOiJFZERTQSJ9.e30.AA"

func (p probe) login(ctx context.Context, c *api.Client) (string, time.Duration, error) {
	return loginWithJWT(ctx, c, p.mount, p.role, nobody)
}
