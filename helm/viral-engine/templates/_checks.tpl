{{/* Contradictory values; each fails with a sentence that says which and what to do. */}}
{{- define "viral-engine.checks" -}}
{{- with include "viral-engine.formatProblems" . | trim }}
{{- fail (printf "ERROR: these values cannot work:\n%s" .) }}
{{- end }}
{{- include "viral-engine.checkNames" . }}
{{- include "viral-engine.checkSecrets" . }}
{{- include "viral-engine.checkScaling" . }}
{{- include "viral-engine.checkShared" . }}
{{- range $service := list "dashboard" "metricsApi" }}
{{- $ingress := index $.Values.ingress $service }}
{{- if and $ingress.enabled (not $ingress.host) }}
{{- fail (printf "ERROR: ingress.%s is enabled, but ingress.%s.host is empty; set the host name." $service $service) }}
{{- end }}
{{- if and $ingress.enabled (not $.Values.config.proxy.trustedProxies) }}
{{- fail (printf "ERROR: ingress.%s is enabled, but config.proxy.trustedProxies is empty, so all clients would share the controller's address and its sign-in limit; set it to the addresses of the controller's pods, such as 10.244.3.17/32, or to the smallest network that holds nothing else." $service) }}
{{- end }}
{{- end }}
{{- include "viral-engine.checkGateway" . }}
{{- include "viral-engine.checkReach" . }}
{{- include "viral-engine.checkSettings" . }}
{{- end }}

{{/* Release names that Helm allows but Services do not. */}}
{{- define "viral-engine.checkNames" -}}
{{- $name := include "viral-engine.fullname" . }}
{{- if or (not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name)) (regexMatch "^(true|false|null|yes|no|on|off|y|n)$" $name) }}
{{- fail (printf "ERROR: names of objects would begin with %q, from the release's name; Services need lower-case letters, digits and hyphens, beginning with a letter, and no word such as true. Name the release so, or set fullnameOverride." $name) }}
{{- end }}
{{- end }}

{{/* Contradictory settings, which their models reject too. */}}
{{- define "viral-engine.checkSettings" -}}
{{- $limits := list }}
{{- range $status := list "Excellent" "Good" "Fair" "Warning" }}
{{- $limits = append $limits (include "viral-engine.given" (dict "root" $ "group" "thresholds" "key" (print "healthStatus" $status))) }}
{{- end }}
{{- range $i := list 0 1 2 }}
{{- if lt (index $limits $i | float64) (index $limits (add $i 1) | float64) }}
{{- fail (printf "ERROR: thresholds.healthStatusExcellent, Good, Fair and Warning must fall in this order, but are %v." $limits) }}
{{- end }}
{{- end }}
{{- if and (include "viral-engine.sharedText" (dict "root" . "key" "oidcIssuer")) (not .Values.config.singleSignOn.oidcClientId) }}
{{- fail "ERROR: config.singleSignOn.oidcClientId is empty, but oidcIssuer is set; set the client id of this product at the provider." }}
{{- end }}
{{- $lease := include "viral-engine.given" (dict "root" $ "group" "delivery" "key" "deliveryLeaseSeconds") }}
{{- range $group, $key := dict "email" "smtpTimeoutSeconds" "webhook" "webhookTimeoutSeconds" }}
{{- $seconds := include "viral-engine.given" (dict "root" $ "group" $group "key" $key) }}
{{- if le (float64 $lease) (float64 $seconds) }}
{{- fail (printf "ERROR: config.delivery.deliveryLeaseSeconds is %s, but must exceed config.%s.%s, which is %s; otherwise a second worker claims what the first is still sending." $lease $group $key $seconds) }}
{{- end }}
{{- end }}
{{- include "viral-engine.checkLinks" . }}
{{- end }}

{{- define "viral-engine.checkLinks" -}}
{{- $url := include "viral-engine.sharedText" (dict "root" . "key" "publicDashboardUrl") | trimSuffix "/" }}
{{- $prefix := .Values.config.dashboard.dashboardPathPrefix | default "" }}
{{- if and $url (not (hasSuffix $prefix $url)) }}
{{- fail (printf "ERROR: publicDashboardUrl is %q, but must end with config.dashboard.dashboardPathPrefix, which is %q; otherwise links break." $url $prefix) }}
{{- end }}
{{- with .Values.ingress.dashboard }}
{{- if and .enabled (hasPrefix "*" .host) (not $url) }}
{{- fail "ERROR: ingress.dashboard.host is a wildcard, so the dashboard's URL is unknown; set config.dashboard.publicDashboardUrl." }}
{{- end }}
{{- end }}
{{- end }}

{{/* A setting's effective value, including the process's default.
     Of (dict "root" $ "group" GROUP "key" KEY). */}}
{{- define "viral-engine.given" -}}
{{- $settings := ternary .root.Values.thresholds (index .root.Values.config .group) (eq .group "thresholds") }}
{{- $value := get $settings .key }}
{{- if or (not (hasKey $settings .key)) (kindIs "invalid" $value) }}
{{- $value = index (.root.Files.Get "files/defaults.yaml" | fromYaml) .group .key }}
{{- end }}
{{- $value }}
{{- end }}

{{- define "viral-engine.checkSecrets" -}}
{{- $common := .Values.secrets.existingSecret }}
{{- range $key, $secret := omit .Values.secrets "existingSecret" }}
{{- if and $secret.value $secret.existingSecret }}
{{- fail (printf "ERROR: secrets.%s has a value and names an existing Secret; keep one." $key) }}
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
{{- fail (printf "ERROR: config.%s.%s is %q, but another group has %q; set it once, and the others follow." $group $key $value $shared) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Enabled services that no policy lets anyone reach. */}}
{{- define "viral-engine.checkReach" -}}
{{- $policy := .Values.networkPolicy }}
{{- if $policy.enabled }}
{{- range $service := list "dashboard" "metricsApi" }}
{{- range $way := list "ingress" "gateway" }}
{{- if and (index $.Values $way $service).enabled (not (index $policy (print $service "From"))) }}
{{- fail (printf "ERROR: %s.%s is enabled, but networkPolicy.%sFrom is empty, so the controller cannot reach it; name the controller's namespace there." $way $service $service) }}
{{- end }}
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
{{- fail (printf "ERROR: workers.%s.autoscaling.maxReplicas is %d, but workers.%s.concurrency, the maximum of this queue, is %d." $key $max $key (int $worker.concurrency)) }}
{{- end }}
{{- if gt (int $worker.autoscaling.minReplicas) $max }}
{{- fail (printf "ERROR: workers.%s.autoscaling.minReplicas is %d, above its maximum %d." $key (int $worker.autoscaling.minReplicas) $max) }}
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

{{/* An HTTPRoute without a Gateway or a host, or whose clients would all share the gateway's address. */}}
{{- define "viral-engine.checkGateway" -}}
{{- range $service := list "dashboard" "metricsApi" }}
{{- if (index $.Values.gateway $service).enabled }}
{{- if not $.Values.gateway.parentRefs }}
{{- fail (printf "ERROR: gateway.%s is enabled, but gateway.parentRefs is empty; name the Gateway that serves it." $service) }}
{{- end }}
{{- if not (index $.Values.gateway $service).hostnames }}
{{- fail (printf "ERROR: gateway.%s is enabled, but gateway.%s.hostnames is empty; set the host names." $service $service) }}
{{- end }}
{{- if not $.Values.config.proxy.trustedProxies }}
{{- fail (printf "ERROR: gateway.%s is enabled, but config.proxy.trustedProxies is empty, so all clients would share the gateway's address and its sign-in limit; set it to the addresses of the gateway's pods, such as 10.244.3.17/32, or to the smallest network that holds nothing else." $service) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.privateAuthority }}
{{- if and .existingSecret .existingConfigMap }}
{{- fail "ERROR: privateAuthority names a Secret and a ConfigMap; keep one." }}
{{- end }}
{{- end }}
{{- end }}
