{{/* A pod's placement: the component's own scheduling before the common one, key by key.
     Of (dict "root" $ "component" NAME "values" VALUES). */}}
{{- define "viral-engine.scheduling" -}}
{{- $scheduling := include "viral-engine.mergedMap" (dict "root" .root "values" .values "key" "scheduling") | fromYaml }}
{{- with pick $scheduling "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- range $key, $value := . }}
{{- if $value }}
{{ dict $key $value | toYaml }}
{{- end }}
{{- end }}
{{- end }}
{{- with $scheduling.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- $mine := dict "labelSelector" (dict "matchLabels" (include "viral-engine.selectorLabels" $ | fromYaml)) }}
  {{- range . }}
  - {{ merge (dict) . $mine | toYaml | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The labels of a pod; the selector's labels stay. Of (dict "root" $ "component" NAME "values" VALUES). */}}
{{- define "viral-engine.podLabels" -}}
{{- $own := include "viral-engine.mergedMap" (dict "root" .root "values" .values "key" "podLabels") | fromYaml }}
{{- merge (dict) (include "viral-engine.selectorLabels" . | fromYaml) $own .root.Values.commonLabels | toYaml }}
{{- end }}

{{/* A pod's service account and placement. Of (dict "root" $ "component" NAME "values" VALUES "suffix" S); the suffix is its
     account's. */}}
{{- define "viral-engine.podPlace" -}}
{{- $of := dict "root" .root "values" .values }}
{{- $account := include "viral-engine.mergedMap" (merge (dict "key" "serviceAccount") $of) | fromYaml -}}
serviceAccountName: {{ include "viral-engine.serviceAccountName" . | quote }}
automountServiceAccountToken: {{ $account.automountToken | default false }}
enableServiceLinks: false
{{- with include "viral-engine.mapField" (merge (dict "key" "podSecurityContext" "as" "securityContext") $of) }}
{{ . }}
{{- end }}
{{- with include "viral-engine.listField" (merge (dict "key" "hostAliases") $of) }}
{{ . }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with include "viral-engine.scheduling" . | trim }}
{{- . | nindent 0 }}
{{- end }}
{{- end }}

{{/* A container's security context: by default what Pod Security "restricted" allows, with a read-only root file
     system. Of (dict "root" $ "values" VALUES). */}}
{{- define "viral-engine.containerSecurity" -}}
{{- include "viral-engine.mapField" (dict "root" .root "values" .values "key" "containerSecurityContext" "as" "securityContext") }}
{{- end }}

{{/* Volumes of every pod in addition to its own: the private authorities, and the values' volumes.
     Of (dict "root" $ "values" VALUES). */}}
{{- define "viral-engine.extraVolumeMounts" -}}
{{- if include "viral-engine.privateAuthority" .root }}
- name: private-authority
  mountPath: /etc/viral-engine/authority
  readOnly: true
{{- end }}
{{- with include "viral-engine.joinedList" (dict "root" .root "values" .values "key" "extraVolumeMounts") }}
{{ . }}
{{- end }}
{{- end }}

{{/* Of (dict "root" $ "values" VALUES). */}}
{{- define "viral-engine.extraVolumes" -}}
{{- with include "viral-engine.privateAuthority" .root }}
- name: private-authority
  {{- . | nindent 2 }}
{{- end }}
{{- with include "viral-engine.joinedList" (dict "root" .root "values" .values "key" "extraVolumes") }}
{{ . }}
{{- end }}
{{- end }}

{{/* The template of a Deployment's pods.
     Of (dict "root" $ "component" NAME "process" NAME "image" IMAGE "command" LIST "env" DICT "values" VALUES
     "graceSeconds" N "ports" DICT "probes" YAML "flags" BOOL). */}}
{{- define "viral-engine.podTemplate" -}}
metadata:
  labels:
    {{- include "viral-engine.podLabels" . | nindent 4 }}
  annotations:
    checksum/config: {{ include "viral-engine.configChecksum" . }}
    {{- with include "viral-engine.mergedMap" (dict "root" .root "values" .values "key" "podAnnotations") }}
    {{- . | nindent 4 }}
    {{- end }}
spec:
  {{- include "viral-engine.podPlace" . | nindent 2 }}
  {{- with include "viral-engine.listField" (dict "root" .root "values" .values "key" "initContainers") }}
  {{- . | nindent 2 }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds | default .graceSeconds }}
  containers:
    - name: {{ .component }}
      image: {{ include "viral-engine.image" . }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      command: {{ toJson .command }}
      {{- with include "viral-engine.containerSecurity" . }}
      {{- . | nindent 6 }}
      {{- end }}
      env:
        {{- include "viral-engine.env" . | nindent 8 }}
      envFrom:
        {{- include "viral-engine.envFrom" . | nindent 8 }}
      {{- with .ports }}
      ports:
        {{- range $name, $port := . }}
        - name: {{ $name }}
          containerPort: {{ $port }}
        {{- end }}
      {{- end }}
      {{- with include "viral-engine.probes" . | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if .flags }}
        # The whole folder, not one file: otherwise changes do not reach running pods.
        - name: flags
          mountPath: /etc/viral-engine/flags
          readOnly: true
        {{- end }}
        {{- with include "viral-engine.extraVolumeMounts" . | trim }}
        {{- . | nindent 8 }}
        {{- end }}
    {{- with include "viral-engine.joinedList" (dict "root" .root "values" .values "key" "extraContainers") }}
    {{- . | nindent 4 }}
    {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 256Mi
    {{- if .flags }}
    - name: flags
      configMap:
        name: {{ include "viral-engine.fullname" .root }}-flags
    {{- end }}
    {{- with include "viral-engine.extraVolumes" . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end }}

{{/* Probes of a web service. */}}
{{- define "viral-engine.webProbes" -}}
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}

{{/* Grace period of a web service: it drains, then has 30 seconds for open requests. */}}
{{- define "viral-engine.webGraceSeconds" -}}
{{ add (ceil .Values.config.webServer.shutdownDrainSeconds) 45 }}
{{- end }}

{{/* Probes of a process that touches a file while alive; it is restarted when the file is 120 to 150 seconds old.
     They ask neither Redis nor the database: a store that is away must not restart every pod. `find` ends by 1 where
     the file is missing, or older than a minute and a half; to start Python for that cost sixty times as much. */}}
{{- define "viral-engine.heartbeatProbes" -}}
startupProbe:
  exec: {command: [find, /tmp/heartbeat, -mmin, "+1.5", -exec, "false", "{}", +]}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 24
livenessProbe:
  exec: {command: [find, /tmp/heartbeat, -mmin, "+1.5", -exec, "false", "{}", +]}
  periodSeconds: 30
  timeoutSeconds: 10
  failureThreshold: 2
{{- end }}

{{/* A Deployment's head: everything before its pods. Of (dict "root" $ "component" NAME). */}}
{{- define "viral-engine.deploymentHead" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "viral-engine.metadata" . | nindent 2 }}
{{- end }}

{{/* The number of pods. With an autoscaler, the autoscaler's number: removing the field would reset it to 1 first, so the
     current number is kept while nobody else owns the field. Stopped Deployments (0) start with the minimum. Without
     a cluster, or before the first install, there is no number.
     Of (dict "root" $ "component" NAME "values" VALUES "number" N). */}}
{{- define "viral-engine.replicas" -}}
{{- if not .values.autoscaling.enabled }}
replicas: {{ .number }}
{{- else }}
{{- $name := printf "%s-%s" (include "viral-engine.fullname" .root) .component }}
{{- with lookup "apps/v1" "Deployment" .root.Release.Namespace $name }}
{{- $running := dig "spec" "replicas" 1 . | int }}
{{- if eq $running 0 }}
replicas: {{ $.values.autoscaling.minReplicas }}
{{- else if ne (include "viral-engine.isScaledByOthers" .) "true" }}
replicas: {{ $running }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Whether Helm applies this Deployment server-side and the autoscaler has set its number since: then the field stays
     without us, and setting it could conflict with the autoscaler. Of the Deployment. */}}
{{- define "viral-engine.isScaledByOthers" -}}
{{- $applied := false }}
{{- $scaled := false }}
{{- range dig "metadata" "managedFields" list . }}
{{- $ours := and (eq .manager "helm") (eq .operation "Apply") }}
{{- $applied = or $applied $ours }}
{{- $scaled = or $scaled (and (eq (.subresource | default "") "scale") (dig "f:spec" "f:replicas" nil .fieldsV1 | kindIs "map")) }}
{{- end }}
{{- and $applied $scaled }}
{{- end }}

{{/* The number of old revisions, and the pod selector. Of (dict "root" $ "component" NAME). */}}
{{- define "viral-engine.deploymentSelector" -}}
revisionHistoryLimit: 5
selector:
  matchLabels:
    {{- include "viral-engine.selectorLabels" . | nindent 4 }}
{{- end }}

{{/* A PodDisruptionBudget. Of (dict "root" $ "component" NAME "budget" VALUES). */}}
{{- define "viral-engine.podDisruptionBudget" -}}
{{- if .budget.enabled }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "viral-engine.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .budget.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "viral-engine.selectorLabels" . | nindent 6 }}
{{- end }}
{{- end }}

{{/* A HorizontalPodAutoscaler that scales down slowly, because each pod runs a job.
     Of (dict "root" $ "component" NAME "min" N "max" N "metric" YAML). */}}
{{- define "viral-engine.autoscaler" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "viral-engine.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "viral-engine.fullname" .root }}-{{ .component }}
  minReplicas: {{ .min }}
  maxReplicas: {{ .max }}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 300
  metrics:
    {{- .metric | nindent 4 }}
{{- end }}

{{/* The metric for scaling by CPU. Of the target in percent. */}}
{{- define "viral-engine.cpuMetric" -}}
- type: Resource
  resource:
    name: cpu
    target:
      type: Utilization
      averageUtilization: {{ . }}
{{- end }}
