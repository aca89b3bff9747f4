package eventlog

import "testing"

func TestTypes(t *testing.T) {
	for _, x := range []struct {
		t        Type
		level    Level
		name     string
		constant string
	}{
		{Success, LevelInformation, "success", "EVENTLOG_SUCCESS"},
		{Error, LevelError, "error", "EVENTLOG_ERROR_TYPE"},
		{Warning, LevelWarning, "warning", "EVENTLOG_WARNING_TYPE"},
		{Information, LevelInformation, "information", "EVENTLOG_INFORMATION_TYPE"},
		{AuditSuccess, LogAlways, "audit success", "EVENTLOG_AUDIT_SUCCESS"},
		{AuditFailure, LogAlways, "audit failure", "EVENTLOG_AUDIT_FAILURE"},
		{0x20, LogAlways, "type 0x0020", ""},
		{0xFFFF, LogAlways, "type 0xffff", ""},
		{Error | Warning, LogAlways, "type 0x0003", ""},
	} {
		if got := LevelOf(x.t); got != x.level {
			t.Errorf("LevelOf(%v) = %v, want %v", x.t, got, x.level)
		}
		if got := x.t.String(); got != x.name {
			t.Errorf("%d is called %q, want %q", x.t, got, x.name)
		}
		if got, ok := x.t.Constant(); got != x.constant || ok != (x.constant != "") {
			t.Errorf("%v: constant %q, %v, want %q", x.t, got, ok, x.constant)
		}
	}
}

func TestTypeOf(t *testing.T) {
	for _, x := range []struct {
		l        Level
		keywords uint64
		want     Type
	}{
		{LogAlways, 0, Information}, {LevelCritical, 0, Error}, {LevelError, 0, Error}, {LevelWarning, 0, Warning},
		{LevelInformation, 0, Information}, {LevelVerbose, 0, Information}, {17, 0, Information},
		{LogAlways, KeywordAuditSuccess, AuditSuccess}, {LogAlways, KeywordAuditFailure | KeywordClassic, AuditFailure},
		{LevelError, KeywordAuditSuccess, AuditSuccess}, {0, KeywordAuditSuccess | KeywordAuditFailure, AuditFailure},
		{LevelError, KeywordClassic, Error},
	} {
		if got := TypeOf(x.l, x.keywords); got != x.want {
			t.Errorf("TypeOf(%v, %#x) = %v, want %v", x.l, x.keywords, got, x.want)
		}
	}
	// There and back, with the keywords that go with it; success has no level of
	// its own.
	for _, typ := range []Type{Error, Warning, Information, AuditSuccess, AuditFailure} {
		keywords := map[Type]uint64{AuditSuccess: KeywordAuditSuccess, AuditFailure: KeywordAuditFailure}[typ]
		if got := TypeOf(LevelOf(typ), keywords); got != typ {
			t.Errorf("%v comes back as %v", typ, got)
		}
	}
}

func TestParseType(t *testing.T) {
	for s, want := range map[string]Type{
		"error": Error, "Warning": Warning, "INFORMATION": Information, "info": Information, "Info": Information, "WARN": Warning, "err": Error, "success": Success,
		"audit success": AuditSuccess, "audit-failure": AuditFailure, "Audit_Failure": AuditFailure,
		"EVENTLOG_ERROR_TYPE": Error, "error_type": Error, "eventlog_audit_success": AuditSuccess, "EVENTLOG_SUCCESS": Success,
		"0": Success, "16": AuditFailure, "0x20": 0x20, "65535": 0xFFFF,
	} {
		if got, err := ParseType(s); err != nil || got != want {
			t.Errorf("ParseType(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, typ := range []Type{Error, Warning, Information, AuditSuccess, AuditFailure, Success} {
		if got, err := ParseType(typ.String()); err != nil || got != typ {
			t.Errorf("%v does not come back: %v, %v", typ, got, err)
		}
	}
	for _, s := range []string{"", "fatal", "65536", "-1", "audit", " error"} {
		_, err := ParseType(s)
		want := `unknown type "` + s + `": one of error, warning, information, audit-success, audit-failure, success`
		if err == nil || err.Error() != want {
			t.Errorf("ParseType(%q): %v, want %s", s, err, want)
		}
	}
}

func TestParseLevel(t *testing.T) {
	for s, want := range map[string]Level{
		"critical": LevelCritical, "Error": LevelError, "warning": LevelWarning, "information": LevelInformation, "info": LevelInformation, "warn": LevelWarning, "err": LevelError, "crit": LevelCritical,
		"VERBOSE": LevelVerbose, "log-always": LogAlways, "log always": LogAlways, "0": LogAlways, "17": 17, "255": 255,
	} {
		if got, err := ParseLevel(s); err != nil || got != want {
			t.Errorf("ParseLevel(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "fatal", "256", "0x10", "-1"} {
		_, err := ParseLevel(s)
		want := `unknown level "` + s + `": one of critical, error, warning, information, verbose, or a number`
		if err == nil || err.Error() != want {
			t.Errorf("ParseLevel(%q): %v, want %s", s, err, want)
		}
	}
	if got := Level(17).String(); got != "level 17" {
		t.Errorf("Level(17) is called %q", got)
	}
}
