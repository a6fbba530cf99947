{{/* A component's map: the common one merged with its own, whose keys win; null removes a key.
     Of (dict "root" $ "values" VALUES "key" NAME), as all in this file. */}}
{{- define "viral-engine.mergedMap" -}}
{{- $all := dict }}
{{- range list (get $.root.Values .key) (get (.values | default dict) .key) }}
{{- range $key, $value := . | default dict }}
{{- if kindIs "invalid" $value }}
{{- $_ := unset $all $key }}
{{- else }}
{{- $_ := set $all $key $value }}
{{- end }}
{{- end }}
{{- end }}
{{- if $all }}
{{- toYaml $all }}
{{- end }}
{{- end }}

{{/* A component's list: the common one, then its own. */}}
{{- define "viral-engine.joinedList" -}}
{{- with concat (get .root.Values .key | default list) (get (.values | default dict) .key | default list) }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* `KEY:` with the merged map below it, or nothing. Also of "as", the key's name in Kubernetes. */}}
{{- define "viral-engine.mapField" -}}
{{- with include "viral-engine.mergedMap" . -}}
{{ $.as | default $.key }}:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* `KEY:` with the joined list below it, or nothing. */}}
{{- define "viral-engine.listField" -}}
{{- with include "viral-engine.joinedList" . -}}
{{ $.as | default $.key }}:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A probe merged with the component's values; its own handler replaces ours. Also of "probe", ours. */}}
{{- define "viral-engine.probe" -}}
{{- $own := get (.values | default dict) .key | default dict }}
{{- if ne (get $own "enabled" | toString) "false" }}
{{- $probe := .probe | fromYaml }}
{{- range $key, $value := omit $own "enabled" }}
{{- if has $key (list "exec" "httpGet" "tcpSocket" "grpc") }}
{{- $probe = omit $probe "exec" "httpGet" "tcpSocket" "grpc" }}
{{- end }}
{{- end }}
{{- range $key, $value := omit $own "enabled" }}
{{- $_ := set $probe $key $value }}
{{- end }}
{{- with $probe }}
{{- $.key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* All probes of a container. Of (dict "values" VALUES "probes" YAML). */}}
{{- define "viral-engine.probes" -}}
{{- $ours := .probes | fromYaml }}
{{- range $key := list "startupProbe" "livenessProbe" "readinessProbe" }}
{{- with include "viral-engine.probe" (dict "values" $.values "key" $key "probe" (get $ours $key | default dict | toYaml)) }}
{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* A component's service account: its own, or the common one. Of (dict "root" $ "component" NAME "values" VALUES
     "suffix" S); the suffix is for what runs before the common account exists. */}}
{{- define "viral-engine.serviceAccountName" -}}
{{- $full := include "viral-engine.fullname" .root }}
{{- $own := (.values | default dict).serviceAccount | default dict }}
{{- $all := .root.Values.serviceAccount }}
{{- if or $own.name $own.create }}
{{- $own.name | default (printf "%s-%s" $full .component) }}
{{- else if hasKey $own "create" }}
{{- print "default" }}
{{- else if $all.create }}
{{- print ($all.name | default $full) (.suffix | default "") }}
{{- else }}
{{- $all.name | default "default" }}
{{- end }}
{{- end }}

{{/* Whether the chart creates a component's service account. Of the same. */}}
{{- define "viral-engine.makesAccount" -}}
{{- $own := (.values | default dict).serviceAccount | default dict }}
{{- ternary ($own.create | default false) .root.Values.serviceAccount.create (or (not (empty $own.name)) (hasKey $own "create")) }}
{{- end }}

{{/* A ServiceAccount. Of (dict "root" $ "component" NAME "values" VALUES "suffix" S "hook" ANNOTATIONS). */}}
{{- define "viral-engine.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "viral-engine.metadata" (dict "root" .root "component" .component "name" (include "viral-engine.serviceAccountName" .)) | nindent 2 }}
  {{- $own := dig "serviceAccount" "annotations" dict (.values | default dict) }}
  {{- with merge (dict) (.hook | default dict) $own .root.Values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
