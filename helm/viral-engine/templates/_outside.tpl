{{/* Below which path a service is shown outside. Of (dict "root" $ "component" NAME), as all in this file. */}}
{{- define "viral-engine.pathPrefix" -}}
{{- ternary (.root.Values.config.dashboard.dashboardPathPrefix | default "") "" (eq .component "dashboard") }}
{{- end }}

{{/* What nobody outside may ask for, as a list. */}}
{{- define "viral-engine.hiddenPaths" -}}
{{- range ternary (list "/metrics" "/internal") (list "/metrics") (eq .component "metrics-api") }}
- {{ include "viral-engine.pathPrefix" $ }}{{ . }}
{{- end }}
{{- end }}

{{/* What is shown outside, as a list: the values' paths, or else all. Also of "paths". */}}
{{- define "viral-engine.openPaths" -}}
{{- .paths | default (list (include "viral-engine.pathPrefix" . | default "/")) | toYaml }}
{{- end }}

{{/* The host by which people reach the dashboard, as far as Ingress and HTTPRoute tell. Of the root. */}}
{{- define "viral-engine.dashboardHost" -}}
{{- if .Values.ingress.dashboard.enabled }}
{{- .Values.ingress.dashboard.host }}
{{- else if .Values.gateway.dashboard.enabled }}
{{- first .Values.gateway.dashboard.hostnames }}
{{- end }}
{{- end }}
