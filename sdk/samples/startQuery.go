package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"logmark.example/logmark"
)

func main() {
	client, err := logmark.New(os.Getenv("LOGMARK_URL"), logmark.Token(os.Getenv("LOGMARK_TOKEN")))
	if err != nil {
		log.Fatal(err)
	}
	rows, err := client.Query(context.Background(), logmark.QueryRequest{
		Query:     "stats count(*) by status",
		LogGroups: []string{"/acme/api"},
		Start:     "-1h",
		Timeout:   2 * time.Minute,
	})
	if err != nil {
		log.Fatal(err)
	}
	for rows.Next() {
		fmt.Println(rows.Row())
	}
	if err := rows.Err(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows.Statistics().GetBytesScanned(), "bytes scanned")
}
