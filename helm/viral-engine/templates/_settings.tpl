{{/* One group of settings as ConfigMap data; unset ones keep the process's default.
     Of (dict "root" $ "group" NAME). */}}
{{- define "viral-engine.groupData" -}}
{{- $settings := ternary .root.Values.thresholds (index .root.Values.config .group) (eq .group "thresholds") }}
{{- range $key := index (.root.Files.Get "files/shared.yaml" | fromYaml) .group }}
{{- $settings = merge (dict $key (include "viral-engine.sharedText" (dict "root" $.root "key" $key))) $settings }}
{{- end }}
{{- range $key, $value := $settings }}
{{- if kindIs "string" $value }}
{{- if $value }}
{{ $key | snakecase | upper }}: {{ $value | quote }}
{{- end }}
{{- else if not (kindIs "invalid" $value) }}
{{- /* JSON, because large numbers would otherwise become 1e+06. */}}
{{ $key | snakecase | upper }}: {{ $value | toJson | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The value of a setting that several groups share (files/shared.yaml): set in one, it applies to all. Of (dict "root" $ "key" NAME). */}}
{{- define "viral-engine.sharedText" -}}
{{- $found := "" }}
{{- range .root.Values.config }}
{{- $found = coalesce $found (get . $.key) | default "" }}
{{- end }}
{{- $found }}
{{- end }}

{{/* The entry of a process in files/settings.yaml. Of (dict "root" $ "process" NAME). */}}
{{- define "viral-engine.process" -}}
{{ index (.root.Files.Get "files/settings.yaml" | fromYaml) .process | toYaml }}
{{- end }}

{{/* Changes only when a settings group of this process changes, to replace its pods then. */}}
{{- define "viral-engine.configChecksum" -}}
{{- $all := "" }}
{{- range $group := (include "viral-engine.process" . | fromYaml).groups }}
{{- $all = print $all (include "viral-engine.groupData" (dict "root" $.root "group" $group)) }}
{{- end }}
{{- range $key, $_ := (include "viral-engine.process" . | fromYaml).secrets }}
{{- $all = print $all (index $.root.Values.secrets $key).value }}
{{- end }}
{{- sha256sum $all }}
{{- end }}

{{/* The Secret of a variable, existing or created by this chart. Of (dict "root" $ "key" NAME "suffix" S). */}}
{{- define "viral-engine.secretName" -}}
{{- $own := index .root.Values.secrets .key }}
{{- $made := printf "%s-secrets%s" (include "viral-engine.fullname" .root) (.suffix | default "") }}
{{- coalesce $own.existingSecret .root.Values.secrets.existingSecret $made }}
{{- end }}

{{/* The environment of a process: the values' variables override ours.
     Of (dict "root" $ "process" NAME "env" (dict NAME VALUE) "values" VALUES "suffix" S). */}}
{{- define "viral-engine.env" -}}
{{- $all := concat (include "viral-engine.ownEnv" . | fromYamlArray) (include "viral-engine.networkEnv" . | fromYamlArray) }}
{{- range $extra := include "viral-engine.joinedList" (dict "root" .root "values" .values "key" "extraEnv") | fromYamlArray }}
{{- $kept := list }}
{{- range $one := $all }}
{{- if ne $one.name $extra.name }}
{{- $kept = append $kept $one }}
{{- end }}
{{- end }}
{{- $all = append $kept $extra }}
{{- end }}
{{- toYaml $all }}
{{- end }}

{{/* The chart's own environment of a process. */}}
{{- define "viral-engine.ownEnv" -}}
- name: TZ
  value: UTC
{{- range $name, $value := .env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- $process := include "viral-engine.process" . | fromYaml }}
{{- if or (has "delivery" $process.groups) (has "dashboard" $process.groups) }}
{{- with include "viral-engine.publicDashboardUrl" .root }}
- name: PUBLIC_DASHBOARD_URL
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- if has "dashboard" $process.groups }}
{{- with include "viral-engine.publicMetricsApiUrl" .root }}
- name: PUBLIC_METRICS_API_URL
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- range $key, $secret := $process.secrets }}
{{- $own := index $.root.Values.secrets $key }}
{{- if or $secret.required $own.value $own.existingSecret $.root.Values.secrets.existingSecret }}
- name: {{ $secret.variable }}
  valueFrom:
    secretKeyRef:
      name: {{ include "viral-engine.secretName" (dict "root" $.root "key" $key "suffix" $.suffix) | quote }}
      key: {{ ternary $own.key $secret.variable (ne $own.existingSecret "") | quote }}
      {{- if not $secret.required }}
      optional: true
      {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The ConfigMaps of a process, plus the values'. Of (dict "root" $ "process" NAME "values" VALUES). */}}
{{- define "viral-engine.envFrom" -}}
{{- range $group := (include "viral-engine.process" . | fromYaml).groups }}
- configMapRef:
    name: {{ include "viral-engine.fullname" $.root }}-{{ include "viral-engine.kebab" $group }}
{{- end }}
{{- with include "viral-engine.joinedList" (dict "root" .root "values" .values "key" "extraEnvFrom") }}
{{ . }}
{{- end }}
{{- end }}

{{/* The private authority's certificates, as a volume source. */}}
{{- define "viral-engine.privateAuthority" -}}
{{- $file := dict "key" .Values.privateAuthority.key "path" "ca.crt" | list }}
{{- with .Values.privateAuthority }}
{{- if .existingSecret }}
{{- dict "secret" (dict "secretName" .existingSecret "items" $file) | toYaml }}
{{- else if .existingConfigMap }}
{{- dict "configMap" (dict "name" .existingConfigMap "items" $file) | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{/* Certificate and proxy variables for a process's clients: the first for OpenSSL and httpx, the second for the trace
     exporter, the others for libpq. Of (dict "root" $ "process" NAME). */}}
{{- define "viral-engine.networkEnv" -}}
{{- $authority := "/etc/viral-engine/authority/ca.crt" }}
{{- $hasDatabase := hasKey (include "viral-engine.process" . | fromYaml).secrets "databaseUrl" }}
{{- if include "viral-engine.privateAuthority" .root }}
- {name: SSL_CERT_FILE, value: {{ $authority }}}
- {name: OTEL_EXPORTER_OTLP_CERTIFICATE, value: {{ $authority }}}
{{- if $hasDatabase }}
- {name: PGSSLROOTCERT, value: {{ $authority }}}
{{- end }}
{{- end }}
{{- with .root.Values.privateAuthority.postgresSslMode }}
{{- if $hasDatabase }}
- {name: PGSSLMODE, value: {{ . }}}
{{- end }}
{{- end }}
{{- with .root.Values.egressProxy }}
{{- if .url }}
- {name: HTTPS_PROXY, value: {{ .url | quote }}}
- {name: NO_PROXY, value: {{ concat (list "localhost" "127.0.0.1" ".svc" ".cluster.local") .noProxy | join "," | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{/* The address that pods listen on: with IPv6, all of both families, otherwise IPv4. */}}
{{- define "viral-engine.bindHost" -}}
{{- ternary "::" "0.0.0.0" (has "IPv6" .Values.ipFamilies) }}
{{- end }}

{{/* The URL of the metrics API inside the cluster. */}}
{{- define "viral-engine.metricsApiUrl" -}}
http://{{ include "viral-engine.fullname" . }}-metrics-api:{{ .Values.metricsApi.service.port }}
{{- end }}

{{/* The dashboard's URL from its Ingress or HTTPRoute, if the values do not set it. */}}
{{- define "viral-engine.publicDashboardUrl" -}}
{{- $host := include "viral-engine.dashboardHost" . }}
{{- if and $host (not (include "viral-engine.sharedText" (dict "root" . "key" "publicDashboardUrl"))) }}
{{- $config := .Values.config.dashboard }}
{{- printf "%s://%s%s" (ternary "https" "http" $config.dashboardCookieSecure) $host ($config.dashboardPathPrefix | default "") }}
{{- end }}
{{- end }}

{{/* The metrics API's URL from its Ingress or HTTPRoute, if the values do not set it. */}}
{{- define "viral-engine.publicMetricsApiUrl" -}}
{{- $config := .Values.config.dashboard }}
{{- $host := include "viral-engine.metricsApiHost" . }}
{{- if and $host (not $config.publicMetricsApiUrl) }}
{{- printf "%s://%s" (ternary "https" "http" $config.dashboardCookieSecure) $host }}
{{- end }}
{{- end }}

{{/* One feature flag in flagd's format. Of one entry of featureFlags. */}}
{{- define "viral-engine.flag" -}}
{{- $on := and .enabled (or (gt (int .rolloutPct) 0) .people) }}
{{- $flag := dict "state" "ENABLED" "variants" (dict "on" true "off" false) }}
{{- $_ := set $flag "defaultVariant" (ternary "on" "off" (and .enabled (eq (int .rolloutPct) 100))) }}
{{- if and $on (lt (int .rolloutPct) 100) }}
{{- $bucket := dict "cat" (list (dict "var" "$flagd.flagKey") (dict "var" "targetingKey")) }}
{{- $off := sub 100 (int .rolloutPct) | int }}
{{- $share := dict "fractional" (list $bucket (list "on" (int .rolloutPct)) (list "off" $off)) }}
{{- $rest := ternary "off" $share (eq (int .rolloutPct) 0) }}
{{- $named := dict "in" (list (dict "var" "targetingKey") .people) }}
{{- $_ := set $flag "targeting" (ternary (dict "if" (list $named "on" $rest)) $rest (gt (len .people) 0)) }}
{{- end }}
{{- $flag | toJson }}
{{- end }}
