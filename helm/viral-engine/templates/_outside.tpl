{{/* The path prefix under which a service is exposed. Of (dict "root" $ "component" NAME), as all in this file. */}}
{{- define "viral-engine.pathPrefix" -}}
{{- ternary (.root.Values.config.dashboard.dashboardPathPrefix | default "") "" (eq .component "dashboard") }}
{{- end }}

{{/* Paths that are never exposed, as a list. */}}
{{- define "viral-engine.hiddenPaths" -}}
{{- range ternary (list "/metrics" "/internal") (list "/metrics") (eq .component "metrics-api") }}
- {{ include "viral-engine.pathPrefix" $ }}{{ . }}
{{- end }}
{{- end }}

{{/* Exposed paths, as a list: the values' paths, or all. Also of "paths". */}}
{{- define "viral-engine.openPaths" -}}
{{- .paths | default (list (include "viral-engine.pathPrefix" . | default "/")) | toYaml }}
{{- end }}

{{/* The dashboard's public host, if Ingress or HTTPRoute has it. Of the root. */}}
{{- define "viral-engine.dashboardHost" -}}
{{- if .Values.ingress.dashboard.enabled }}
{{- .Values.ingress.dashboard.host }}
{{- else if .Values.gateway.dashboard.enabled }}
{{- first .Values.gateway.dashboard.hostnames }}
{{- end }}
{{- end }}

{{/* The metrics API's public host, if Ingress or HTTPRoute has it. Of the root. */}}
{{- define "viral-engine.metricsApiHost" -}}
{{- if .Values.ingress.metricsApi.enabled }}
{{- .Values.ingress.metricsApi.host }}
{{- else if .Values.gateway.metricsApi.enabled }}
{{- first .Values.gateway.metricsApi.hostnames }}
{{- end }}
{{- end }}
