# A function behind a streaming REST API, reading this account's /acme/* and /shared/gateway, with queries.
# To use it: cp terraform.tfvars.example terraform.tfvars, fill it in, then terraform init and terraform apply.

terraform {
  required_version = ">= 1.5.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.42.0, < 7.0.0"
    }
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  description = "Region of Logmark and of the logs."
  type        = string
  default     = "eu-central-1"
}

variable "account" {
  description = "Number of the account with the logs."
  type        = string
}

variable "architecture" {
  description = "Architecture of the archive: x86_64, or arm64 if `uname -m` prints aarch64 or arm64."
  type        = string
}

variable "cursor_key_secret_arn" {
  description = "Secret with the cursor keys (infra/README.md, step 2)."
  type        = string
}

module "access_logs" {
  source = "../../access-logs"

  log_group_name   = "/logmark/gateway"
  set_account_role = true
}

module "logmark" {
  source = "../../lambda"

  zip          = "${path.module}/../../../../target/lambda/logmark.zip"
  architecture = var.architecture

  log_group_arns = [
    "arn:aws:logs:${var.region}:${var.account}:log-group:/acme/*",
    "arn:aws:logs:${var.region}:${var.account}:log-group:/shared/gateway",
  ]
  queries = true

  config                = "ssm:/logmark/config"
  cursor_key_secret_arn = var.cursor_key_secret_arn

  access_log_group_arn = module.access_logs.log_group_arn
  access_log_format    = module.access_logs.format
}

output "url" {
  description = "URL of Logmark."
  value       = module.logmark.url
}
