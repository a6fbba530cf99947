{{/* Meets Pod Security "restricted". */}}
{{- define "viral-engine.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{/* Meets Pod Security "restricted", and a root file system that nobody can write to. */}}
{{- define "viral-engine.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Where a pod runs. Of (dict "root" $ "component" NAME). */}}
{{- define "viral-engine.scheduling" -}}
{{- with .root.Values.scheduling }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .topologySpreadConstraints }}
topologySpreadConstraints:
  {{- $mine := dict "labelSelector" (dict "matchLabels" (include "viral-engine.selectorLabels" $ | fromYaml)) }}
  {{- range . }}
  - {{ merge (dict) . $mine | toYaml | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The labels of a pod. Of (dict "root" $ "component" NAME). */}}
{{- define "viral-engine.podLabels" -}}
{{- include "viral-engine.selectorLabels" . }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Who a pod is, and where it runs. Of (dict "root" $ "component" NAME "suffix" S); the suffix is its identity's. */}}
{{- define "viral-engine.podPlace" -}}
serviceAccountName: {{ include "viral-engine.fullname" .root }}{{ .suffix | default "" }}
{{- include "viral-engine.podSecurity" . | nindent 0 }}
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

{{/* The template of a Deployment's pods.
     Of (dict "root" $ "component" NAME "process" NAME "image" IMAGE "command" LIST "env" DICT "resources" DICT
     "graceSeconds" N "ports" DICT "probes" YAML "flags" BOOL). */}}
{{- define "viral-engine.podTemplate" -}}
metadata:
  labels:
    {{- include "viral-engine.podLabels" . | nindent 4 }}
  annotations:
    checksum/config: {{ include "viral-engine.configChecksum" . }}
    {{- with .root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "viral-engine.podPlace" . | nindent 2 }}
  terminationGracePeriodSeconds: {{ .graceSeconds }}
  containers:
    - name: {{ .component }}
      image: {{ include "viral-engine.image" . }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      command: {{ toJson .command }}
      {{- include "viral-engine.containerSecurity" . | nindent 6 }}
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
      {{- .probes | nindent 6 }}
      resources:
        {{- toYaml .resources | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if .flags }}
        # The whole folder, not one file of it: only then a change arrives in running pods.
        - name: flags
          mountPath: /etc/viral-engine/flags
          readOnly: true
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
{{- end }}

{{/* Probes of a web service. */}}
{{- define "viral-engine.webProbes" -}}
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}

{{/* Seconds that a web service may take to stop: it drains, then has 30 seconds for the requests in hand. */}}
{{- define "viral-engine.webGraceSeconds" -}}
{{ add (ceil .Values.config.webServer.shutdownDrainSeconds) 45 }}
{{- end }}

{{/* Probes of a process that touches a file while it lives; it is given up when the file is 120 to 150 seconds old.
     They ask neither Redis nor the database: a store that is away must not restart every pod. */}}
{{- define "viral-engine.heartbeatProbes" -}}
startupProbe:
  exec: {command: [python, -m, viral_engine.healthcheck, HEARTBEAT_FILE]}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 24
livenessProbe:
  exec: {command: [python, -m, viral_engine.healthcheck, HEARTBEAT_FILE]}
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

{{/* How many old Deployments are kept, and which pods belong to this one. Of (dict "root" $ "component" NAME). */}}
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

{{/* A HorizontalPodAutoscaler that is slow to take pods away, since each has a job in hand.
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
