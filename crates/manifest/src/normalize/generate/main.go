// Prints how Go's Kubernetes types are written as JSON, one line a type, as the table that normalisation reads.
// The kinds are those of client-go's scheme, which is what Flux converts objects through before it applies them.
//
//	go mod tidy && go run . > ../builtin.txt
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
)

var (
	marshaler   = reflect.TypeOf((*json.Marshaler)(nil)).Elem()
	unmarshaler = reflect.TypeOf((*json.Unmarshaler)(nil)).Elem()
	object      = reflect.TypeOf((*metav1.Object)(nil)).Elem()
	custom      = map[string]string{
		"k8s.io/apimachinery/pkg/apis/meta/v1.Time": "time", "k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": "microtime",
		"k8s.io/apimachinery/pkg/api/resource.Quantity": "quantity", "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "intorstring",
		"k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1": "raw", "k8s.io/apimachinery/pkg/runtime.RawExtension": "raw",
		"k8s.io/apimachinery/pkg/apis/meta/v1.Duration": "string",
	}
	lines = map[string]string{}
)

func id(t reflect.Type) string {
	p := strings.TrimPrefix(strings.TrimPrefix(t.PkgPath(), "k8s.io/api/"), "k8s.io/apimachinery/pkg/apis/")
	return p + "." + t.Name()
}

func typ(t reflect.Type) string {
	if c, ok := custom[t.PkgPath()+"."+t.Name()]; ok {
		return c
	}
	if t.Kind() != reflect.Pointer && (t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler) || reflect.PointerTo(t).Implements(unmarshaler)) {
		fmt.Fprintln(os.Stderr, "a type with its own JSON form:", t.PkgPath(), t.Name())
		os.Exit(1)
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int32:
		return "int32"
	case reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "int64"
	case reflect.Float64, reflect.Float32:
		return "float"
	case reflect.Interface:
		return "raw"
	case reflect.Pointer:
		return "*" + typ(t.Elem())
	case reflect.Map:
		return "{}" + typ(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + typ(t.Elem())
	case reflect.Struct:
		line(t)
		return id(t)
	}
	panic(t.String())
}

func fields(t reflect.Type, out *[]string) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		items := strings.Split(f.Tag.Get("json"), ",")
		if items[0] == "-" {
			continue
		}
		if items[0] == "" {
			if f.Anonymous {
				e := f.Type
				if e.Kind() == reflect.Pointer {
					e = e.Elem()
				}
				fields(e, out)
				continue
			}
			items[0] = f.Name
		}
		mark := "!"
		for _, o := range items[1:] {
			if o == "omitempty" && mark == "!" {
				mark = ""
			}
			if o == "omitzero" {
				mark = "?"
			}
		}
		*out = append(*out, items[0]+mark+":"+typ(f.Type))
	}
}

func line(t reflect.Type) {
	if _, ok := lines[id(t)]; ok {
		return
	}
	lines[id(t)] = ""
	var fs []string
	fields(t, &fs)
	sort.Strings(fs)
	lines[id(t)] = strings.Join(fs, " ")
}

func main() {
	kinds := map[string]string{}
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		if !reflect.PointerTo(t).Implements(object) || strings.HasPrefix(t.PkgPath(), "k8s.io/apimachinery/") {
			continue
		}
		line(t)
		kinds[gvk.GroupVersion().String()+"/"+gvk.Kind] = id(t)
	}
	print := func(m map[string]string, sep string) {
		var keys []string
		for k := range m {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			fmt.Println(k + sep + m[k])
		}
	}
	print(kinds, " = ")
	print(lines, " ")
}
