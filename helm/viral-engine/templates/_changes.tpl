{{/* The flags, settings and pod counts that an upgrade changes, one per line; nothing at the first install, and if Helm
     cannot read the cluster. It compares with the cluster's current state, so manual changes show too. */}}
{{- define "viral-engine.changes" -}}
{{- include "viral-engine.changedFlags" . }}
{{- range $group := prepend (keys .Values.config | sortAlpha) "thresholds" }}
{{- include "viral-engine.changedSettings" (dict "root" $ "group" $group) }}
{{- end }}
{{- include "viral-engine.changedNumbers" . }}
{{- end }}

{{/* An object's current state in the cluster. Of (dict "root" $ "version" API "kind" KIND "component" NAME). */}}
{{- define "viral-engine.live" -}}
{{- $name := printf "%s-%s" (include "viral-engine.fullname" .root) .component }}
{{- lookup .version .kind .root.Release.Namespace $name | toJson }}
{{- end }}

{{- define "viral-engine.changedFlags" -}}
{{- $live := include "viral-engine.live" (dict "root" . "version" "v1" "kind" "ConfigMap" "component" "flags") | fromJson }}
{{- if $live }}
{{- $was := (get ($live.data | default dict) "flags.json" | default "{}" | fromJson).flags | default dict }}
{{- if not (kindIs "map" $was) }}
{{- $was = dict }}
{{- end }}
{{- range $key, $values := .Values.featureFlags }}
{{- $name := $key | snakecase }}
{{- $before := include "viral-engine.flagState" (get $was $name) }}
{{- $after := include "viral-engine.flagState" (include "viral-engine.flag" $values | fromJson) }}
{{- if ne $before $after }}
  flag {{ $name }}: {{ $before }} -> {{ $after }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A flag's state, in words if it has the chart's form. Of a definition in flagd's format. */}}
{{- define "viral-engine.flagState" -}}
{{- if not (kindIs "map" .) -}}
its default
{{- else if ne (.state | default "ENABLED") "ENABLED" -}}
its default
{{- else if not .targeting -}}
{{ .defaultVariant | default "its default" }}
{{- else if regexMatch `^\{"fractional":\[\{"cat":.*\},\["on",[0-9]+\],\["off",[0-9]+\]\]\}$` (.targeting | toJson) -}}
on for {{ index .targeting.fractional 1 1 }} %
{{- else -}}
by the rule {{ .targeting | toJson }}
{{- end }}
{{- end }}

{{- define "viral-engine.changedSettings" -}}
{{- $component := include "viral-engine.kebab" .group }}
{{- $live := include "viral-engine.live" (dict "root" .root "version" "v1" "kind" "ConfigMap" "component" $component) | fromJson }}
{{- if $live }}
{{- $was := $live.data | default dict }}
{{- $is := include "viral-engine.groupData" . | fromYaml }}
{{- range $name := concat (keys $was) (keys $is) | uniq | sortAlpha }}
{{- $before := get $was $name | default "not set" }}
{{- $after := get $is $name | default "not set" }}
{{- if ne $before $after }}
  {{ $name }}: {{ $before }} -> {{ $after }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "viral-engine.changedNumbers" -}}
{{- $wanted := dict "reconciler" .Values.reconciler.replicas }}
{{- range $component, $values := dict "metrics-api" .Values.metricsApi "dashboard" .Values.dashboard }}
{{- if not $values.autoscaling.enabled }}
{{- $_ := set $wanted $component $values.replicas }}
{{- end }}
{{- end }}
{{- range $key, $values := .Values.workers }}
{{- if not $values.autoscaling.enabled }}
{{- $_ := set $wanted (include "viral-engine.worker" (dict "root" $ "queue" $key) | fromYaml).component $values.concurrency }}
{{- end }}
{{- end }}
{{- range $component, $number := $wanted }}
{{- $live := include "viral-engine.live" (dict "root" $ "version" "apps/v1" "kind" "Deployment" "component" $component) | fromJson }}
{{- if $live }}
{{- if ne (int $live.spec.replicas) (int $number) }}
  pods of {{ $component }}: {{ int $live.spec.replicas }} -> {{ int $number }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
