{{/* One line for each string value that files/formats.yaml does not allow. */}}
{{- define "viral-engine.formatProblems" -}}
{{- range $path, $format := .Files.Get "files/formats.yaml" | fromYaml }}
{{- $found := $.Values }}
{{- range $key := splitList "." $path }}
{{- $found = ternary (get (ternary $found dict (kindIs "map" $found)) $key) "" (kindIs "map" $found) }}
{{- end }}
{{- range $text := ternary $found (list $found) (kindIs "slice" $found) }}
{{- if and (kindIs "string" $text) $text (not (include "viral-engine.isOfFormat" (dict "text" $text "format" $format))) }}
{{ printf "%s is %s; allowed: %s." $path (ternary "not valid (its value is secret)" ($text | quote) (hasKey $format "secret")) $format.says }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* "true" or nothing. Of (dict "text" TEXT "format" FORMAT). */}}
{{- define "viral-engine.isOfFormat" -}}
{{- $fits := regexMatch (.format.pattern | default "") .text }}
{{- if and $fits .format.refuse }}
{{- $fits = not (regexMatch .format.refuse .text) }}
{{- end }}
{{- if and $fits (eq (.format.check | default "") "networks") }}
{{- range $part := splitList "," .text }}
{{- $fits = and $fits (or (not (trim $part)) (include "viral-engine.isNetwork" (trim $part))) }}
{{- end }}
{{- end }}
{{- if and $fits (eq (.format.check | default "") "rising") }}
{{- $before := 0.0 }}
{{- range $part := splitList "," .text }}
{{- $fits = and $fits (ge (trim $part | float64) $before) }}
{{- $before = trim $part | float64 }}
{{- end }}
{{- end }}
{{- ternary "true" "" (not (not $fits)) }}
{{- end }}

{{/* "true" if a text is a network such as 10.0.0.0/8 or fd00::/8, with no host bits set. */}}
{{- define "viral-engine.isNetwork" -}}
{{- $octet := "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])" }}
{{- $address := regexReplaceAll "/.*" . "" }}
{{- $bits := "" }}
{{- if regexMatch (printf "^%s([.]%s){3}(/(3[0-2]|[12]?[0-9]))?$" $octet $octet) . }}
{{- range $part := splitList "." $address }}
{{- $bits = printf "%s%08b" $bits (int64 $part) }}
{{- end }}
{{- else if regexMatch "^[0-9a-fA-F:]+(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?$" . }}
{{- $bits = include "viral-engine.bitsOfIPv6" $address }}
{{- end }}
{{- $length := ternary (regexFind "[0-9]+$" .) (len $bits | toString) (contains "/" .) }}
{{- if and $bits (regexMatch (printf "^[01]{%s}0*$" $length) $bits) }}true{{ end }}
{{- end }}

{{/* The 128 bits of an address, or nothing if it is invalid. */}}
{{- define "viral-engine.bitsOfIPv6" -}}
{{- $halves := splitList "::" . }}
{{- $left := compact (splitList ":" (index $halves 0)) }}
{{- $right := list }}
{{- if eq (len $halves) 2 }}
{{- $right = compact (splitList ":" (index $halves 1)) }}
{{- end }}
{{- $given := add (len $left) (len $right) | int }}
{{- $whole := regexMatch "^([0-9a-fA-F]{1,4}:)*[0-9a-fA-F]{1,4}$" (regexReplaceAll "^::|::$" . "" | replace "::" ":" | default "0") }}
{{- if and $whole (or (and (eq (len $halves) 1) (eq $given 8)) (and (eq (len $halves) 2) (lt $given 8))) }}
{{- range $group := $left }}{{ printf "%016b" (int64 (print "0x" $group)) }}{{ end }}
{{- range until (int (sub 8 $given)) }}{{ printf "%016b" 0 }}{{ end }}
{{- range $group := $right }}{{ printf "%016b" (int64 (print "0x" $group)) }}{{ end }}
{{- end }}
{{- end }}
