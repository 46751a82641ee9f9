locals {
  # infra/access-logs/format.json on one line, as API Gateway requires it.
  format = jsonencode(jsondecode(file("${path.module}/../../access-logs/format.json")))
}
