// Bundle makes the web console's scripts and style sheet, which internal/console embeds, with esbuild's Go API.
// Usage: go run ./scripts/bundle
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

const (
	from   = "internal/console/web"
	to     = "internal/console/dist"
	preact = from + "/vendor/preact/"
)

// manifest says which file holds which module. Its form is that of internal/console.
type manifest struct {
	Script  string              `json:"script"`
	Style   string              `json:"style"`
	Modules map[string][]string `json:"modules"` // a module that is loaded later, and the files it needs
}

func main() {
	if err := bundle(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "scripts/bundle:", err)
		os.Exit(1)
	}
}

func bundle() error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	local := func(name string) string { return filepath.Join(root, preact, name) }
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{from + "/main.tsx", from + "/style.css"},
		Outdir:            to,
		EntryNames:        "[name]-[hash]",
		ChunkNames:        "[name]-[hash]",
		Bundle:            true,
		Splitting:         true,
		Format:            api.FormatESModule,
		Target:            api.ES2021,
		JSX:               api.JSXAutomatic,
		JSXImportSource:   "preact",
		MinifySyntax:      true,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsNone,
		Charset:           api.CharsetUTF8,
		Metafile:          true,
		Alias: map[string]string{
			"preact":             local("dist/preact.mjs"),
			"preact/hooks":       local("hooks/dist/hooks.mjs"),
			"preact/jsx-runtime": local("jsx-runtime/dist/jsxRuntime.mjs"),
		},
		Plugins:  []api.Plugin{{Name: "routes", Setup: trimRoutes}, {Name: "operations", Setup: inlineOperations}},
		LogLevel: api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		return fmt.Errorf("%d errors", len(result.Errors))
	}
	description, err := describe(result.Metafile)
	if err != nil {
		return err
	}
	return replace(append(result.OutputFiles, api.OutputFile{Path: to + "/manifest.json", Contents: description}))
}

// trimRoutes makes of routes.json a text for the router, a line a route: its path, area and page, and the roles that
// may open it. It is a fifth smaller than the JSON, and every page loads it.
func trimRoutes(build api.PluginBuild) {
	build.OnLoad(api.OnLoadOptions{Filter: `/routes\.json$`}, func(in api.OnLoadArgs) (api.OnLoadResult, error) {
		var routes []map[string]any
		text, err := os.ReadFile(in.Path)
		if err == nil {
			err = json.Unmarshal(text, &routes)
		}
		if err != nil {
			return api.OnLoadResult{}, err
		}
		var lines []string
		for _, route := range routes {
			line := fmt.Sprint(route["path"], " ", route["area"], " ", route["page"])
			if roles, ok := route["roles"].([]any); ok {
				line += " " + strings.Trim(fmt.Sprint(roles), "[]")
			}
			lines = append(lines, line)
		}
		contents := strings.Join(lines, "\n")
		return api.OnLoadResult{Contents: &contents, Loader: api.LoaderText}, nil
	})
}

var (
	operationImport = regexp.MustCompile(`import \{([^}]*)\} from "[./]*/api/operations";`)
	operation       = regexp.MustCompile(`(?s)export const (\w+): Operation<.*?= ("[^"]*");`)
)

// inlineOperations gives each script the operations that it calls as constants of its own. In a file that all share,
// every page would load those of all others.
func inlineOperations(build api.PluginBuild) {
	source, readErr := os.ReadFile(from + "/api/operations.ts")
	addresses := map[string]string{}
	for _, found := range operation.FindAllStringSubmatch(string(source), -1) {
		addresses[found[1]] = found[2]
	}
	build.OnLoad(api.OnLoadOptions{Filter: `/web/.*\.tsx?$`}, func(in api.OnLoadArgs) (api.OnLoadResult, error) {
		text, err := os.ReadFile(in.Path)
		if err = errors.Join(err, readErr); err != nil {
			return api.OnLoadResult{}, err
		}
		contents := operationImport.ReplaceAllStringFunc(string(text), func(statement string) string {
			var constants strings.Builder
			for name := range strings.SplitSeq(operationImport.FindStringSubmatch(statement)[1], ",") {
				original, alias, isRenamed := strings.Cut(strings.TrimSpace(name), " as ")
				if !isRenamed {
					alias = original
				}
				if address, known := addresses[original]; known {
					constants.WriteString("const " + alias + " = " + address + ";")
				}
			}
			return constants.String() + strings.Repeat("\n", strings.Count(statement, "\n"))
		})
		loader := api.LoaderTS
		if strings.HasSuffix(in.Path, "x") {
			loader = api.LoaderTSX
		}
		return api.OnLoadResult{Contents: &contents, Loader: loader}, nil
	})
}

// describe makes the manifest from esbuild's account of what it wrote.
func describe(metafile string) ([]byte, error) {
	var written struct {
		Outputs map[string]struct {
			EntryPoint string `json:"entryPoint"`
			Imports    []struct {
				Path string `json:"path"`
				Kind string `json:"kind"`
			} `json:"imports"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &written); err != nil {
		return nil, fmt.Errorf("read the metafile: %w", err)
	}
	m := manifest{Modules: map[string][]string{}}
	for file, output := range written.Outputs {
		switch name := strings.TrimPrefix(output.EntryPoint, from+"/"); name {
		case "":
		case "main.tsx":
			m.Script = path.Base(file)
		case "style.css":
			m.Style = path.Base(file)
		default:
			files := []string{path.Base(file)}
			for _, needed := range output.Imports {
				if needed.Kind == "import-statement" {
					files = append(files, path.Base(needed.Path))
				}
			}
			m.Modules[strings.TrimSuffix(name, path.Ext(name))] = files
		}
	}
	return json.MarshalIndent(m, "", "\t")
}

// replace writes the files, and removes those of an earlier bundle. A file that is as it was keeps its time, so that
// Go embeds it from its cache.
func replace(files []api.OutputFile) error {
	folder, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	made := map[string]bool{".gitignore": true}
	for _, file := range files {
		name := filepath.Base(file.Path)
		made[name] = true
		before, err := folder.ReadFile(name)
		if err == nil && bytes.Equal(before, file.Contents) {
			continue
		}
		if err := folder.WriteFile(name, file.Contents, 0o644); err != nil {
			return err
		}
	}
	old, err := fs.ReadDir(folder.FS(), ".")
	if err != nil {
		return err
	}
	for _, file := range old {
		if !made[file.Name()] {
			if err := folder.Remove(file.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}
