{{/* Values that contradict each other; each ends by a sentence that says which, and what to do. */}}
{{- define "viral-engine.checks" -}}
{{- include "viral-engine.checkSecrets" . }}
{{- include "viral-engine.checkScaling" . }}
{{- include "viral-engine.checkShared" . }}
{{- range $service := list "dashboard" "metricsApi" }}
{{- $ingress := index $.Values.ingress $service }}
{{- if and $ingress.enabled (not $ingress.host) }}
{{- fail (printf "ERROR: ingress.%s is enabled, but ingress.%s.host is empty; set the host name." $service $service) }}
{{- end }}
{{- if and $ingress.enabled (not $.Values.config.proxy.trustedProxies) }}
{{- fail (printf "ERROR: ingress.%s is enabled, but config.proxy.trustedProxies is empty, so everybody would seem to come from the controller's address and share one limit of sign-ins; set it to the addresses of the controller's pods, such as 10.244.3.17/32, or to the smallest network that holds nothing else." $service) }}
{{- end }}
{{- end }}
{{- include "viral-engine.checkReach" . }}
{{- with .Values.thresholds }}
{{- $limits := list .healthStatusExcellent .healthStatusGood .healthStatusFair .healthStatusWarning }}
{{- range $i := list 0 1 2 }}
{{- if lt (index $limits $i | float64) (index $limits (add $i 1) | float64) }}
{{- fail (printf "ERROR: thresholds.healthStatusExcellent, Good, Fair and Warning must fall in this order, but are %v." $limits) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "viral-engine.checkSecrets" -}}
{{- $common := .Values.secrets.existingSecret }}
{{- range $key, $secret := omit .Values.secrets "existingSecret" }}
{{- if and $secret.value $secret.existingSecret }}
{{- fail (printf "ERROR: secrets.%s has a value and names an existing Secret; keep one of the two." $key) }}
{{- end }}
{{- if and $secret.value $common }}
{{- fail (printf "ERROR: secrets.%s has a value, but secrets.existingSecret (%s) would hold it too; set secrets.existingSecret to \"\" or leave the value out." $key $common) }}
{{- end }}
{{- end }}
{{- range $process, $reads := .Files.Get "files/settings.yaml" | fromYaml }}
{{- range $key, $need := $reads.secrets }}
{{- $secret := index $.Values.secrets $key }}
{{- if and $need.required (not (or $secret.value $secret.existingSecret $common)) }}
{{- fail (printf "ERROR: secrets.%s must be set: give a value, or name an existing Secret in secrets.existingSecret." $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "viral-engine.checkShared" -}}
{{- range $group, $keys := .Files.Get "files/shared.yaml" | fromYaml }}
{{- range $key := $keys }}
{{- $value := get (index $.Values.config $group) $key }}
{{- $shared := include "viral-engine.sharedText" (dict "root" $ "key" $key) }}
{{- if and $value (ne $value $shared) }}
{{- fail (printf "ERROR: config.%s.%s is %q, but another group says %q; give it once, the others follow." $group $key $value $shared) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What is switched on, but no policy lets anybody reach it. */}}
{{- define "viral-engine.checkReach" -}}
{{- $policy := .Values.networkPolicy }}
{{- if $policy.enabled }}
{{- range $service := list "dashboard" "metricsApi" }}
{{- if and (index $.Values.ingress $service).enabled (not (index $policy (print $service "From"))) }}
{{- fail (printf "ERROR: ingress.%s is enabled, but networkPolicy.%sFrom is empty, so the controller cannot reach it; name the controller's namespace there." $service $service) }}
{{- end }}
{{- end }}
{{- if and .Values.monitoring.monitors.enabled (not $policy.monitoringFrom) }}
{{- fail "ERROR: monitoring.monitors is enabled, but networkPolicy.monitoringFrom is empty, so Prometheus cannot reach anything; name its namespace there." }}
{{- end }}
{{- end }}
{{- end }}

{{- define "viral-engine.checkScaling" -}}
{{- range $key, $worker := .Values.workers }}
{{- if $worker.autoscaling.enabled }}
{{- $max := default $worker.concurrency $worker.autoscaling.maxReplicas | int }}
{{- if gt $max (int $worker.concurrency) }}
{{- fail (printf "ERROR: workers.%s.autoscaling.maxReplicas is %d, but workers.%s.concurrency, the ceiling of this queue, is %d." $key $max $key (int $worker.concurrency)) }}
{{- end }}
{{- if gt (int $worker.autoscaling.minReplicas) $max }}
{{- fail (printf "ERROR: workers.%s.autoscaling.minReplicas is %d, above its highest number %d." $key (int $worker.autoscaling.minReplicas) $max) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $key := list "metricsApi" "dashboard" }}
{{- $scaling := (index $.Values $key).autoscaling }}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) }}
{{- fail (printf "ERROR: %s.autoscaling.minReplicas is %d, above maxReplicas %d." $key (int $scaling.minReplicas) (int $scaling.maxReplicas)) }}
{{- end }}
{{- end }}
{{- end }}
