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
	list := client.API.GroupsAPI.ListGroups(context.Background())
	for {
		page, _, err := list.Execute()
		if err != nil {
			log.Fatal(err)
		}
		for _, group := range page.Groups {
			fmt.Println(group.Name, group.GetStoredBytes())
		}
		if page.GetNextCursor() == "" {
			return
		}
		list = list.Cursor(page.GetNextCursor())
	}
}
