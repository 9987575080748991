package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// eager is how often a container that has not been ready yet is asked. The
// kubelet waits for the period; here somebody is waiting at a terminal.
const eager = 250 * time.Millisecond

// prober is the client of all probes. As the kubelet's it does not verify
// certificates, follows nothing and keeps no connection.
var prober = &http.Client{
	Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // a probe asks whether somebody answers, not who
		DisableKeepAlives: true,
		Proxy:             nil,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// ask sends one probe. Any status from 200 to 399 is a success.
func ask(ctx context.Context, url string, action *corev1.HTTPGetAction, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	for _, h := range action.HTTPHeaders {
		request.Header.Add(h.Name, h.Value)
	}
	response, err := prober.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("%s", response.Status)
	}
	return nil
}

// watchReadiness keeps ready up to date while the process runs.
func (c *container) watchReadiness(ctx context.Context) {
	if c.spec.ReadinessProbe == nil {
		return
	}
	was := false
	c.watch(ctx, c.spec.ReadinessProbe, func() time.Duration {
		if was {
			return 0
		}
		return eager
	}, func(good bool) {
		was = was || good
		c.update(func(s *containerState) { s.ready = good })
	})
}

// watchLiveness tells unhealthy when the process should be replaced.
func (c *container) watchLiveness(ctx context.Context, unhealthy chan<- struct{}) {
	if c.spec.LivenessProbe == nil {
		return
	}
	c.watch(ctx, c.spec.LivenessProbe, func() time.Duration { return 0 }, func(good bool) {
		if !good {
			select {
			case unhealthy <- struct{}{}:
			default: // told already
			}
		}
	})
}

// watch asks again and again and tells verdict when the thresholds are met. every
// overrides the period where it is not 0.
func (c *container) watch(ctx context.Context, p *corev1.Probe, every func() time.Duration, verdict func(good bool)) {
	if !pause(ctx, time.Duration(p.InitialDelaySeconds)*time.Second) {
		return
	}
	good, bad := int32(0), int32(0)
	for {
		url, err := c.probe(p.HTTPGet)
		if err == nil {
			err = ask(ctx, url, p.HTTPGet, time.Duration(max(p.TimeoutSeconds, 1))*time.Second)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			good, bad = good+1, 0
		default:
			good, bad = 0, bad+1
		}
		if good >= max(p.SuccessThreshold, 1) {
			verdict(true)
		} else if bad >= max(p.FailureThreshold, 1) {
			verdict(false)
		}
		wait := every()
		if wait == 0 {
			wait = time.Duration(max(p.PeriodSeconds, 1)) * time.Second
		}
		if !pause(ctx, wait) {
			return
		}
	}
}
