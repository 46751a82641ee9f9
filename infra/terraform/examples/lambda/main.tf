# A function behind a streaming REST API, reading this account's /acme/* and /shared/gateway, with queries.
# Here: cp terraform.tfvars.example terraform.tfvars, fill it in, then terraform init and terraform apply.

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
  description = "Where Logmark runs and the logs are."
  type        = string
  default     = "eu-central-1"
}

variable "account" {
  description = "The number of the account that the logs are in."
  type        = string
}

variable "architecture" {
  description = "What `make lambda-zip` built for: x86_64, or arm64 where `uname -m` says aarch64 or arm64."
  type        = string
}

variable "cursor_key_secret_arn" {
  description = "The secret with the cursor keys (infra/README.md, step 2)."
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
  description = "Where Logmark answers."
  value       = module.logmark.url
}
