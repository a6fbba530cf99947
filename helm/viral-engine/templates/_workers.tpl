{{/* A queue's worker: its process, program and grace period for the current job, which is RQ's job timeout, a minute
     for its supervisor and ten seconds to spare. Of (dict "root" $ "queue" KEY). */}}
{{- define "viral-engine.worker" -}}
component: worker-{{ include "viral-engine.kebab" .queue }}
queue: {{ .queue | snakecase }}
{{- if has .queue (list "emailDelivery" "webhooks") }}
process: emailWorker
program: email_worker
graceSeconds: 130
{{- else }}
process: reportWorker
program: report_worker
graceSeconds: {{ ternary 130 370 (eq .queue "default") }}
{{- end }}
{{- end }}
