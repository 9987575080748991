package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"
)

// Auth is a way to obtain a Vault token. The ways are the types of this package.
type Auth interface {
	// login returns a token and how long it lives (0: unknown, take it as long as it works). The
	// client holds no token and is not used again.
	login(ctx context.Context, anonymous *api.Client) (token string, ttl time.Duration, err error)
}

// KubernetesAuth logs in with a projected ServiceAccount token at a kubernetes auth mount. The file
// is read at each login, since the kubelet replaces it.
type KubernetesAuth struct {
	// Mount is the auth mount's name without "auth/"; empty means "kubernetes".
	Mount     string
	Role      string
	TokenFile string
}

// JWTAuth logs in with a ServiceAccount token at a jwt auth mount, for clusters whose apiserver Vault
// cannot reach. The file is read at each login.
type JWTAuth struct {
	// Mount is the auth mount's name without "auth/".
	Mount     string
	Role      string
	TokenFile string
}

// TokenFileAuth uses the Vault token in a file, which somebody else may replace (Vault Agent, an
// administrator). The file is read again at half of the token's life and when Vault refuses the
// token. A periodic token and one of a token role are renewed at each reading, which is what they are
// made for; every other token ends when whoever made it said.
type TokenFileAuth struct{ Path string }

// TokenAuth uses a token that the caller already holds, for a person's own administrative session.
type TokenAuth struct{ Token string }

func (a KubernetesAuth) login(ctx context.Context, c *api.Client) (string, time.Duration, error) {
	mount := a.Mount
	if mount == "" {
		mount = "kubernetes"
	}
	return loginWithFile(ctx, c, mount, a.Role, a.TokenFile)
}

func (a JWTAuth) login(ctx context.Context, c *api.Client) (string, time.Duration, error) {
	return loginWithFile(ctx, c, a.Mount, a.Role, a.TokenFile)
}

func loginWithFile(ctx context.Context, c *api.Client, mount, role, file string) (string, time.Duration, error) {
	jwt, err := readToken(file)
	if err != nil {
		return "", 0, failure(ErrDenied, "login", "auth/"+mount+"/login", err.Error())
	}
	return loginWithJWT(ctx, c, mount, role, jwt)
}

func loginWithJWT(ctx context.Context, c *api.Client, mount, role, jwt string) (string, time.Duration, error) {
	path := "auth/" + strings.TrimPrefix(mount, "auth/") + "/login"
	if err := checkPath(path); err != nil {
		return "", 0, err
	}
	secret, err := c.Logical().WriteWithContext(ctx, path, map[string]any{"role": role, "jwt": jwt})
	if err != nil {
		return "", 0, classify("login", path, err)
	}
	if secret == nil || secret.Auth == nil || secret.Auth.ClientToken == "" {
		return "", 0, failure(ErrUnavailable, "login", path, "the answer holds no token")
	}
	return secret.Auth.ClientToken, time.Duration(secret.Auth.LeaseDuration) * time.Second, nil
}

func (a TokenFileAuth) login(ctx context.Context, c *api.Client) (string, time.Duration, error) {
	token, err := readToken(a.Path)
	if err != nil {
		return "", 0, failure(ErrDenied, "login", "token file", err.Error())
	}
	c.SetToken(token)
	ttl, err := renewOwn(ctx, c)
	return token, ttl, err
}

// lookAgain is how long a token is taken that may not look itself up. Without an end, a right that
// was taken away for a while would leave a token unrenewed for ever.
const lookAgain = 10 * time.Minute

// renewOwn renews the client's token where programs are given such tokens to keep, and returns how
// long it lives (0: it is not renewed). Where only the renewal fails, that is what is left: the next
// one is tried at half of it.
func renewOwn(ctx context.Context, c *api.Client) (time.Duration, error) {
	const lookup, renew = "auth/token/lookup-self", "auth/token/renew-self"
	told, err := c.Logical().ReadWithContext(ctx, lookup)
	if err != nil {
		if err = classify("login", lookup, err); errors.Is(err, ErrDenied) {
			return lookAgain, nil // the first call with it shows whether it may do that
		}
		return 0, err
	}
	if told == nil {
		return 0, unexpected("login", lookup, "the answer is empty")
	}
	// Vault tells no period where it is the role's.
	role, _ := told.Data["role"].(string)
	renewable, err := told.TokenIsRenewable()
	if err != nil || !renewable || role == "" && told.Data["period"] == nil {
		return 0, nil
	}
	renewed, err := c.Logical().WriteWithContext(ctx, renew, nil)
	if err == nil && renewed != nil && renewed.Auth != nil {
		return time.Duration(renewed.Auth.LeaseDuration) * time.Second, nil
	}
	left, err := told.TokenTTL()
	if err != nil {
		return 0, unexpected("login", lookup, "the answer says no life: %v", err)
	}
	return left, nil
}

func (a TokenAuth) login(context.Context, *api.Client) (string, time.Duration, error) {
	if a.Token == "" {
		return "", 0, failure(ErrDenied, "login", "token", "the token is empty")
	}
	return a.Token, 0, nil
}

// idTokenAuth is an officer's single login.
type idTokenAuth struct{ mount, role, idToken string }

func (a idTokenAuth) login(ctx context.Context, c *api.Client) (string, time.Duration, error) {
	return loginWithJWT(ctx, c, a.mount, a.role, a.idToken)
}

func readToken(file string) (string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(raw))
	if token == "" {
		return "", errors.New("the file is empty")
	}
	return token, nil
}

// checkPath refuses paths that could leave the place they were built for. Mount and key names come
// from constants and slugs; this guards against a mistake there.
func checkPath(path string) error {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return fmt.Errorf("vault path %q has an empty or relative segment", path)
		}
		for _, r := range segment {
			if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.' {
				return fmt.Errorf("vault path %q holds %q", path, r)
			}
		}
	}
	return nil
}
