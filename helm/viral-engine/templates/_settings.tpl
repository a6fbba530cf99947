{{/* One group of settings as the data of its ConfigMap; what is unset is left to the process's default.
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

{{/* The text of a setting that several groups have (files/shared.yaml): said in one of them, it holds for all. Of (dict "root" $ "key" NAME). */}}
{{- define "viral-engine.sharedText" -}}
{{- $found := "" }}
{{- range .root.Values.config }}
{{- $found = coalesce $found (get . $.key) | default "" }}
{{- end }}
{{- $found }}
{{- end }}

{{/* What files/settings.yaml says of a process. Of (dict "root" $ "process" NAME). */}}
{{- define "viral-engine.process" -}}
{{ index (.root.Files.Get "files/settings.yaml" | fromYaml) .process | toYaml }}
{{- end }}

{{/* Changes when a group of settings of this process changes, so that its pods are replaced then, and only then. */}}
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

{{/* The Secret that holds a variable, made before or by this chart. Of (dict "root" $ "key" NAME "suffix" S). */}}
{{- define "viral-engine.secretName" -}}
{{- $own := index .root.Values.secrets .key }}
{{- $made := printf "%s-secrets%s" (include "viral-engine.fullname" .root) (.suffix | default "") }}
{{- coalesce $own.existingSecret .root.Values.secrets.existingSecret $made }}
{{- end }}

{{/* The environment of a process. Of (dict "root" $ "process" NAME "env" (dict NAME VALUE) "suffix" S). */}}
{{- define "viral-engine.env" -}}
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

{{/* The ConfigMaps of a process. Of (dict "root" $ "process" NAME). */}}
{{- define "viral-engine.envFrom" -}}
{{- range $group := (include "viral-engine.process" . | fromYaml).groups }}
- configMapRef:
    name: {{ include "viral-engine.fullname" $.root }}-{{ include "viral-engine.kebab" $group }}
{{- end }}
{{- end }}

{{/* The URL of the metrics API inside the cluster. */}}
{{- define "viral-engine.metricsApiUrl" -}}
http://{{ include "viral-engine.fullname" . }}-metrics-api:{{ .Values.metricsApi.service.port }}
{{- end }}

{{/* Where people reach the dashboard, as far as its Ingress tells and the values do not. */}}
{{- define "viral-engine.publicDashboardUrl" -}}
{{- if and .Values.ingress.dashboard.enabled (not (include "viral-engine.sharedText" (dict "root" . "key" "publicDashboardUrl"))) }}
{{- $config := .Values.config.dashboard }}
{{- printf "%s://%s%s" (ternary "https" "http" $config.dashboardCookieSecure) .Values.ingress.dashboard.host ($config.dashboardPathPrefix | default "") }}
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
