{{/* What every object of the chart carries, besides what it has. */}}
{{- define "authz.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: ext-authz-sidecar
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "authz.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* One of k8s/'s own files, a document: context, file. Its labels get the chart's. */}}
{{- define "authz.object" -}}
{{- $object := .context.Files.Get .file | fromYaml }}
{{- $labels := merge (include "authz.labels" .context | fromYaml) ($object.metadata.labels | default dict) }}
{{- $_ := set $object.metadata "labels" $labels }}
{{- toYaml $object }}
{{- end }}
