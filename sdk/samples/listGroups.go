package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"logmark.example/logmark"
)

func main() {
	client, err := logmark.New(os.Getenv("LOGMARK_URL"), logmark.Token(os.Getenv("LOGMARK_TOKEN")))
	if err != nil {
		log.Fatal(err)
	}
	groups := client.Groups(context.Background(), "")
	for groups.Next() {
		fmt.Println(groups.Group().Name, groups.Group().GetStoredBytes())
	}
	if err := groups.Err(); err != nil {
		log.Fatal(err)
	}
}
