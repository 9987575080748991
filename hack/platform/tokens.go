package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// The ServiceAccounts of what runs here as a plain process. On a real cluster
// the kubelet projects their tokens; here refreshTokens does.
var projected = []struct{ file, account, audience string }{
	{"hub-vault", "concordat-hub", "concordat-vault"},
	{"operator-vault", "concordat-operator", "concordat-vault"},
	{"operator-hub", "concordat-operator", "concordat-hub"},
	{"operator-kube", "concordat-operator", ""}, // the apiserver's own audience
}

const tokenLife = 10 * time.Minute

func (l layout) restConfig() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", l.path("kubeconfig"))
	if err == nil {
		config.QPS, config.Burst = 50, 100
	}
	return config, err
}

func (l layout) kubernetes() (kubernetes.Interface, error) {
	config, err := l.restConfig()
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func requestToken(ctx context.Context, client kubernetes.Interface, account, audience string, life time.Duration) (string, error) {
	seconds := int64(life.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	if audience != "" {
		request.Spec.Audiences = []string{audience}
	}
	answer, err := client.CoreV1().ServiceAccounts(systemNamespace).CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("token of %s: %w", account, err)
	}
	return answer.Status.Token, nil
}

func (l layout) writeTokens(ctx context.Context, client kubernetes.Interface) error {
	for _, p := range projected {
		token, err := requestToken(ctx, client, p.account, p.audience, tokenLife)
		if err != nil {
			return err
		}
		if err := replace(l.path("tokens", p.file), []byte(token), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// refreshTokens renews the tokens long before they end, until ctx does.
func (l layout) refreshTokens(ctx context.Context, client kubernetes.Interface) {
	tick := time.NewTicker(tokenLife / 3)
	defer tick.Stop()
	for {
		if err := l.writeTokens(ctx, client); err != nil && ctx.Err() == nil {
			slog.Warn("tokens were not renewed; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// reviewerToken is the long-lived token with which Vault asks the apiserver
// about the tokens that log in. It is made anew each time the platform comes up:
// one from before an etcd that was lost belongs to an account that is gone.
func (u *up) reviewerToken(ctx context.Context) (string, error) {
	client, err := u.kubernetes()
	if err != nil {
		return "", err
	}
	return requestToken(ctx, client, "concordat-vault-reviewer", "", lifetime)
}
