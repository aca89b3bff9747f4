package query_test

import (
	"errors"
	"fmt"

	"netelf.example/query"
)

func Example() {
	for _, text := range []string{
		`level<=2 -source:disk "bad block"`,
		`*[System[(EventID=4624 or EventID=4625)] and EventData[Data[1]='bob']]`,
		`<QueryList><Query><Select Path="Security">*[System[Task &gt; 7]]</Select></Query></QueryList>`,
		`levle<=2`,
	} {
		q, err := query.Parse(text, nil)
		var place *query.Error
		if errors.As(err, &place) {
			fmt.Println(place.Msg)
			fmt.Println(place.Caret())
			continue
		}
		fmt.Println(q.Form, query.Format(q.Where), q.Logs)
	}
	// Output:
	// query level<=2 -source:disk "bad block" []
	// XPath id:4624,4625 string.1=bob -user_data:* []
	// QueryList (log:Security or channel:Security) category>=8 [Security]
	// there is no field levle, do you mean level? (the text itself is "levle<=2", in quotation marks)
	// levle<=2
	// ^^^^^
}
