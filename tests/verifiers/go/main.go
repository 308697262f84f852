// verify judges certificates with Go's crypto/x509 and with zlint.
//
//	verify ROOT ISSUING CERTIFICATE...
//	verify --version
//
// All files are DER. One line of JSON for each certificate: what crypto/x509
// says ("" if it verifies), and zlint's findings by name. crypto/x509 leaves
// the purposes of a certificate to its caller, so any is asked for.
package main

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
)

type verdict struct {
	File  string            `json:"file"`
	X509  string            `json:"x509"`
	Zlint map[string]string `json:"zlint"`
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "verify:", err)
	os.Exit(2)
}

func pool(path string) *x509.CertPool {
	der, err := os.ReadFile(path)
	if err != nil {
		fail(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		fail(fmt.Errorf("%s: %w", path, err))
	}
	certificates := x509.NewCertPool()
	certificates.AddCert(certificate)
	return certificates
}

func goSays(der []byte, roots, issuing *x509.CertPool) string {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return err.Error()
	}
	_, err = certificate.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: issuing,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return err.Error()
	}
	return ""
}

// Community and RFC rules; those of the CA/Browser Forum and of Mozilla are
// for TLS servers.
func registry() lint.Registry {
	chosen, err := lint.GlobalRegistry().Filter(lint.FilterOptions{
		IncludeSources: lint.SourceList{
			lint.RFC3279, lint.RFC5280, lint.RFC5480, lint.RFC5891,
			lint.RFC6962, lint.RFC8813, lint.Community,
		},
	})
	if err != nil {
		fail(err)
	}
	return chosen
}

func zlintSays(der []byte, rules lint.Registry) map[string]string {
	certificate, err := zx509.ParseCertificate(der)
	if err != nil {
		return map[string]string{"unreadable": err.Error()}
	}
	findings := map[string]string{}
	for name, result := range zlint.LintCertificateEx(certificate, rules).Results {
		if result.Status >= lint.Notice {
			findings[name] = result.Status.String()
		}
	}
	return findings
}

// versions prints those of Go and of zlint.
func versions() {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/zmap/zlint/v3" {
			fmt.Println(runtime.Version(), module.Version)
		}
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		versions()
		return
	}
	if len(os.Args) < 4 {
		fail(fmt.Errorf("usage: verify ROOT ISSUING CERTIFICATE..."))
	}
	roots, issuing := pool(os.Args[1]), pool(os.Args[2])
	rules := registry()
	out := json.NewEncoder(os.Stdout)
	for _, path := range os.Args[3:] {
		der, err := os.ReadFile(path)
		if err != nil {
			fail(err)
		}
		if err = out.Encode(verdict{
			File:  filepath.Base(path),
			X509:  goSays(der, roots, issuing),
			Zlint: zlintSays(der, rules),
		}); err != nil {
			fail(err)
		}
	}
}
