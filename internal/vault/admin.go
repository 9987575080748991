package vault

import (
	"context"
	"net/url"

	"github.com/hashicorp/vault/api"
)

// Admin makes any call with whatever rights its token has, policies and roles included. Whoever
// holds one with a powerful token can sign as every agency of that Vault. Only a person's own
// bootstrap session and tests construct it; no program of Concordat that stays up does.
type Admin struct{ client *Client }

// NewAdmin checks the configuration and connects to nothing.
func NewAdmin(config Config, auth Auth) (*Admin, error) {
	client, err := New(config, auth)
	if err != nil {
		return nil, err
	}
	return &Admin{client}, nil
}

// Read returns the data at path, nil where there is nothing.
func (a *Admin) Read(ctx context.Context, path string, query url.Values) (map[string]any, error) {
	return data(a.client.read(ctx, "read", path, query))
}

// Write sends body by POST and returns the answer's data, which may be nil.
func (a *Admin) Write(ctx context.Context, path string, body map[string]any) (map[string]any, error) {
	return data(a.client.write(ctx, "write", path, body))
}

// List returns the names under path.
func (a *Admin) List(ctx context.Context, path string) ([]string, error) {
	secret, err := a.client.do(ctx, "list", path, func(ctx context.Context, c *api.Client) (*api.Secret, error) {
		return c.Logical().ListWithContext(ctx, path)
	})
	if err != nil || secret == nil {
		return nil, err
	}
	told, _ := secret.Data["keys"].([]any)
	names := make([]string, 0, len(told))
	for _, v := range told {
		if name, ok := v.(string); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// Delete deletes what is at path.
func (a *Admin) Delete(ctx context.Context, path string) error {
	_, err := a.client.do(ctx, "delete", path, func(ctx context.Context, c *api.Client) (*api.Secret, error) {
		return c.Logical().DeleteWithContext(ctx, path)
	})
	return err
}

// Login logs in at an auth mount with a JWT and returns the token, for showing what a role can do.
func (a *Admin) Login(ctx context.Context, mount, role, jwt string) (string, error) {
	path := "auth/" + mount + "/login"
	secret, err := a.client.do(ctx, "login", path, func(ctx context.Context, c *api.Client) (*api.Secret, error) {
		return c.Logical().WriteWithContext(ctx, path, map[string]any{"role": role, "jwt": jwt})
	})
	if err != nil {
		return "", err
	}
	if secret == nil || secret.Auth == nil {
		return "", unexpected("login", path, "the answer holds no token")
	}
	return secret.Auth.ClientToken, nil
}

// CreateToken makes a token of a token role, with what the role says and nothing else, and returns it.
func (a *Admin) CreateToken(ctx context.Context, role string) (string, error) {
	path := "auth/token/create/" + role
	secret, err := a.client.write(ctx, "create token", path, nil)
	if err != nil {
		return "", err
	}
	if secret == nil || secret.Auth == nil {
		return "", unexpected("create token", path, "the answer holds no token")
	}
	return secret.Auth.ClientToken, nil
}

func data(secret *api.Secret, err error) (map[string]any, error) {
	if err != nil || secret == nil {
		return nil, err
	}
	return secret.Data, nil
}
