// Package node stands in for the kubelet on the local platform: it runs what
// Deployments ask for as processes of this machine, so that the demo and the
// tests run what the operator really produced, without containers.
//
// What it does, for the namespaces concordat-system and agency-*:
//
//   - registers one Node and keeps its Lease, and binds pods to it (there is no
//     scheduler: node selectors, affinity, taints and resources are not looked at);
//   - writes volumes (configMap, secret, projected, downwardAPI, emptyDir) below a
//     folder per pod, swaps their content as a whole when it changes, and renews
//     ServiceAccount tokens at 80 % of their life;
//   - provides a PersistentVolume for each claim, with a folder named after the
//     claim that outlives pod, claim and Agency;
//   - runs each container as a process in a group of its own, with the container's
//     command, args and env in which mount paths and listen addresses are replaced
//     by this machine's, restarts it with a growing delay, and ends it with
//     SIGTERM, the grace period and SIGKILL;
//   - asks httpGet probes and reports phase, conditions and container statuses;
//   - gives each Service with a selector a loopback port that stays the same, and
//     notes its address on the Service.
//
// What it does not, and what therefore proves nothing here:
//
//   - Nothing is isolated. Security contexts, users, file modes for others,
//     read-only mounts and roots, resource requests and limits, NetworkPolicies and
//     Pod Security are not enforced by it: all pods run as whoever runs the
//     platform and can read each other's files. kube-apiserver's admission still
//     checks what it checks.
//   - Images are names only: a name selects a program of this machine. Paths inside
//     a program or a file are not replaced; TMPDIR and HOME lead into the pod's
//     folder.
//   - There are no cluster addresses: no Service IPs, no DNS, no endpoints. A
//     Service leads to one pod at a time, and also while the pod is not ready.
//   - kubectl logs, exec, port-forward and cp have nobody to talk to.
//   - A pod that asks for something else that matters (init containers, other
//     volumes, other probes, hooks, restart policies) is not run; its status says
//     why. It is never run half.
//
// It runs on Linux (it knows its processes by /proc). Only the local platform and
// tests may import it.
package node
