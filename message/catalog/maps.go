package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"netelf.example/message"
)

// MaxMapped is how many bytes the maps of one event's data may have: their texts, and 32
// for each value.
const MaxMapped = 1 << 20

// itemMap is what the values of one datum of an event are called. Of a bit map these are
// single bits too, or those that the manifest has a name for together: how Windows joins
// names is not known.
type itemMap struct {
	item  int
	names []valueName // by value
}

type valueName struct {
	value uint32
	name  string
}

// itemMaps are the maps of the data of an event, in the entry's languages, and how many
// bytes they take. An event that does not say its version has them where there is only
// one. cold is held.
func (c *Catalog) itemMaps(ctx context.Context, en *entry, k textKey) (maps []itemMap, held int, err error) {
	if c.version < 2 {
		return nil, 0, nil
	}
	list, err := c.providers(ctx, en)
	if err != nil {
		return nil, 0, err
	}
	for _, p := range list {
		// The first that has the event, as with its text.
		_, _, ok, err := c.definition(ctx, p, k)
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			continue
		}
		used, err := c.used(ctx, p, k)
		if err != nil {
			return nil, 0, err
		}
		for item, at := range used {
			m := itemMap{item: item}
			if m.names, err = c.valueNames(ctx, en, p, at, &held); err != nil {
				return nil, 0, err
			}
			maps = append(maps, m)
		}
		return maps, held, nil
	}
	return nil, 0, nil
}

// used are the maps of the data of an event, by the numbers of the data.
func (c *Catalog) used(ctx context.Context, p provided, k textKey) (map[int]int, error) {
	where, args := `version = ?`, []any{p.id, int64(k.id), int64(k.version)}
	if k.version < 0 {
		where, args = `(SELECT count(*) FROM provider_event e WHERE e.provider = m.provider AND e.event = m.event) = 1`, args[:2]
	}
	used := map[int]int{}
	err := c.ask(ctx, "provider_mapped", message.MaxItems, func(rows *sql.Rows) error {
		var item, at int
		err := rows.Scan(&item, &at)
		used[item] = at
		return err
	}, `SELECT item, map FROM provider_mapped m WHERE provider = ? AND event = ? AND `+where, args...)
	return used, err
}

// valueNames are the names of a map, in the order of their values.
func (c *Catalog) valueNames(ctx context.Context, en *entry, p provided, at int, held *int) (names []valueName, err error) {
	var list []message.MapEntry
	err = c.ask(ctx, "provider_map_entry", MaxDefinitions, func(rows *sql.Rows) error {
		var e message.MapEntry
		err := rows.Scan(&e.Value, &e.MessageID)
		list = append(list, e)
		return err
	}, `SELECT value, message_id FROM provider_map_entry WHERE provider = ? AND map = ? ORDER BY ord`, p.id, at)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		// What has no text counts, too: it is looked for.
		if *held += 32; *held > MaxMapped {
			return nil, c.tooMapped()
		}
		if e.MessageID == message.NoMessage {
			continue
		}
		text, _, err := c.ofProvider(ctx, en, p, e.MessageID)
		if err != nil {
			return nil, err
		}
		// The compiler ends the texts of maps with a space.
		if text = strings.TrimRight(text, " \r\n"); text == "" {
			continue
		}
		if *held += len(text); *held > MaxMapped {
			return nil, c.tooMapped()
		}
		names = append(names, valueName{e.Value, text})
	}
	slices.SortStableFunc(names, func(a, b valueName) int { return cmp.Compare(a.value, b.value) })
	return names, nil
}

func (c *Catalog) tooMapped() error {
	return fmt.Errorf("%s: %w", c.name, damaged("provider_map", over("bytes of maps or more", MaxMapped+1, MaxMapped)))
}

// mapped is list with the names of the values that have one in maps. What has none
// stays, and so do the strings of list itself.
func mapped(list []string, maps []itemMap) []string {
	own := false
	for i := range maps {
		m := &maps[i]
		if m.item < 0 || m.item >= len(list) {
			continue
		}
		name := m.name(list[m.item])
		if name == "" {
			continue
		}
		if !own {
			list, own = slices.Clone(list), true
		}
		list[m.item] = name
	}
	return list
}

// name is what a value is called, or "".
func (m *itemMap) name(s string) string {
	digits, base := s, 10
	if rest, ok := strings.CutPrefix(s, "0x"); ok {
		digits, base = rest, 16
	}
	n, err := strconv.ParseInt(digits, base, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxUint32 {
		return ""
	}
	i, ok := slices.BinarySearchFunc(m.names, uint32(n), func(v valueName, n uint32) int { return cmp.Compare(v.value, n) })
	if !ok {
		return ""
	}
	return m.names[i].name
}

// maps adds the maps of a provider. cold is held.
func (c *Catalog) maps(ctx context.Context, id int64, p *Provider) error {
	if c.version < 2 {
		return nil
	}
	err := c.ask(ctx, "provider_map", MaxDefinitions, func(rows *sql.Rows) error {
		var m message.Map
		err := rows.Scan(&m.Name, &m.Bits)
		p.Maps = append(p.Maps, m)
		return err
	}, `SELECT `+text("name", MaxName)+`, bits FROM provider_map WHERE provider = ? ORDER BY ord`, id)
	if err != nil || len(p.Maps) == 0 {
		return err
	}
	err = c.ask(ctx, "provider_map_entry", MaxDefinitions, func(rows *sql.Rows) error {
		var at int
		var e message.MapEntry
		if err := rows.Scan(&at, &e.Value, &e.MessageID); err != nil {
			return err
		}
		if at < 0 || at >= len(p.Maps) {
			return over("maps", int64(at), int64(len(p.Maps)))
		}
		p.Maps[at].Entries = append(p.Maps[at].Entries, e)
		return nil
	}, `SELECT map, value, message_id FROM provider_map_entry WHERE provider = ? ORDER BY map, ord`, id)
	if err != nil {
		return err
	}
	return c.ask(ctx, "provider_mapped", MaxDefinitions, func(rows *sql.Rows) error {
		var m Mapped
		err := rows.Scan(&m.Event, &m.Version, &m.Item, &m.Map)
		p.Mapped = append(p.Mapped, m)
		return err
	}, `SELECT event, version, item, map FROM provider_mapped WHERE provider = ? ORDER BY event, version, item`, id)
}
