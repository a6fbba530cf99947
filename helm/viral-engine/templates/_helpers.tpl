{{/* The chart's name; some Kubernetes name fields are limited to 63 characters. */}}
{{- define "viral-engine.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The prefix of all names, short enough for the longest suffix. */}}
{{- define "viral-engine.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 36 | trimSuffix "-" }}
{{- end }}

{{/* Labels that never change: the only ones for selectors. Of (dict "root" $ "component" NAME). */}}
{{- define "viral-engine.selectorLabels" -}}
app.kubernetes.io/name: {{ include "viral-engine.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* Labels of every object. Of (dict "root" $ "component" NAME). */}}
{{- define "viral-engine.labels" -}}
{{ include "viral-engine.selectorLabels" . }}
app.kubernetes.io/version: {{ default .root.Chart.AppVersion .root.Values.image.tag | trunc 63 | trimAll "-._" | quote }}
app.kubernetes.io/part-of: viral-engine
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Name and labels of one object. Of (dict "root" $ "component" NAME "name" N "labels" DICT); by itself the
     name follows from the component. */}}
{{- define "viral-engine.metadata" -}}
{{- $made := include "viral-engine.fullname" .root -}}
name: {{ .name | default (ternary (printf "%s-%s" $made .component) $made (not (empty .component))) | quote }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- merge (include "viral-engine.labels" . | fromYaml) (.labels | default dict) | toYaml | nindent 2 }}
{{- end }}

{{/* The reference of an image. Of (dict "root" $ "image" metricsApi.image). */}}
{{- define "viral-engine.image" -}}
{{- $registry := .root.Values.image.registry }}
{{- $name := ternary (printf "%s/%s" $registry .image.repository) .image.repository (ne $registry "") }}
{{- if .image.digest }}
{{- printf "%s@%s" $name .image.digest }}
{{- else }}
{{- printf "%s:%s" $name (default .root.Chart.AppVersion .root.Values.image.tag) }}
{{- end }}
{{- end }}

{{/* A values key as it appears in object names: performanceReports becomes performance-reports. */}}
{{- define "viral-engine.kebab" -}}
{{ . | snakecase | replace "_" "-" }}
{{- end }}
