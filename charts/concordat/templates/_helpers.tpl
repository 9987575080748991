{{/* concordat.image: repository with digest or tag. */}}
{{- define "concordat.image" -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag }}{{- end -}}
{{- end -}}

{{/* concordat.labels: those of every object that this chart writes itself. */}}
{{- define "concordat.labels" -}}
app.kubernetes.io/part-of: concordat
{{- end -}}

{{/* concordat.dns: the opening that every program needs. */}}
{{- define "concordat.dns" -}}
- to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end -}}

{{/* concordat.openings: one egress rule for each address range and port. */}}
{{- define "concordat.openings" -}}
{{- range . }}
- to:
    - ipBlock: {cidr: {{ .cidr }}}
  ports:
    - {protocol: TCP, port: {{ .port }}}
{{- end -}}
{{- end -}}

{{/* concordat.pod and concordat.container: what Pod Security "restricted" asks for. */}}
{{- define "concordat.pod" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}
{{- define "concordat.container" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "concordat.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}
