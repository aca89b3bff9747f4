package evtx

import (
	"fmt"

	"netelf.example/binxml"
	"netelf.example/eventlog"
)

// collect finds the event's data, once: its strings with their names, and the
// binary data.
func (r *Record) collect() {
	if r.collected {
		return
	}
	r.collected = true
	r.items, r.text, r.data = r.items[:0], r.text[:0], nil
	r.dataName, r.userData, r.named, r.message = "", "", false, docSource{}
	if r.dataErr = r.open(); r.dataErr == nil {
		r.dataErr = r.run(r.plan, &r.doc, 1)
	}
}

// maxItems bounds the strings of an event: of an array of bytes each is one.
const maxItems = 1 << 13

func (r *Record) run(p *plan, d *binxml.Doc, depth int) error {
	if m := &p.sys[sysMessage]; m.kind != fromNothing && len(m.append(nil, d)) > 0 {
		r.message = docSource{&m.source, *d}
	}
	for i := range p.data {
		a := &p.data[i]
		if len(r.items) > maxItems || !r.c.m.Charge(1) {
			return r.tooMuch()
		}
		v, one := a.value.value(d)
		if one && v.Type == binxml.TypeBinXML {
			in := a.in
			if a.kind != actNested {
				in = inData
			}
			if err := r.nested(d, a.value.sub, in, depth+1); err != nil {
				return err
			}
			continue
		}
		switch a.kind {
		case actDataName:
			r.dataName = string(a.value.append(nil, d))
			continue
		case actUserData:
			r.userData = a.name
			continue
		case actNested:
			if v.Type == binxml.TypeNull || len(v.Bytes) == 0 {
				continue
			}
		case actUnnamed:
			if one && v.Type == binxml.TypeNull {
				continue
			}
		case actBinary:
			if one && (v.Type == binxml.TypeBinary || v.Type == binxml.TypeNull) {
				if len(v.Bytes) > 0 {
					r.data = v.Bytes
				}
				continue
			}
			if !one && a.value.text == "" && a.value.kind == fromText {
				continue
			}
		}
		if err := r.add(a, d, v, one); err != nil {
			return err
		}
	}
	return nil
}

// add appends a string, or one for each element of an array.
func (r *Record) add(a *action, d *binxml.Doc, v binxml.Value, one bool) error {
	name := a.name
	if a.named != nil {
		name = string(a.named.append(nil, d))
	}
	r.named = r.named || name != ""
	switch {
	case !one:
		return r.end(name, a.value.append(r.text, d))
	case v.Type&binxml.TypeArray == 0:
		return r.end(name, v.AppendText(r.text))
	}
	for {
		x, ok := v.Next()
		if !ok {
			return nil
		}
		if err := r.end(name, x.AppendText(r.text)); err != nil {
			return err
		}
	}
}

// end ends an item with what text has beyond the one before.
func (r *Record) end(name string, text []byte) error {
	n := len(text) - len(r.text)
	r.text = text
	r.items = append(r.items, item{name, len(text)})
	if len(r.items) > maxItems || !r.c.m.Charge(1+n) {
		return r.tooMuch()
	}
	return nil
}

func (r *Record) tooMuch() error {
	return recordError(r.Offset(), "", RecordHeadSize, fmt.Errorf("more data than any event has: %w", eventlog.ErrTooLarge))
}

func (r *Record) nested(d *binxml.Doc, sub int, in scope, depth int) error {
	if depth > binxml.MaxNesting {
		return recordError(r.Offset(), "", RecordHeadSize, fmt.Errorf("%d fragments inside of each other: %w", depth, eventlog.ErrTooLarge))
	}
	if len(d.Value(sub).Bytes) == 0 {
		return nil
	}
	inner, err := r.c.m.OpenValue(d, sub)
	if err != nil {
		return err
	}
	return r.run(planOf(inner.Template, in), &inner, depth)
}
