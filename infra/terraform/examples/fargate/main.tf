# A standing service that reads log groups of another account with a role there. Both accounts are providers here; in practice
# they are often two configurations. To use it: cp terraform.tfvars.example terraform.tfvars, fill it in, then terraform init
# and terraform apply.

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
  region = "eu-central-1"
}

provider "aws" {
  alias   = "logs"
  region  = "eu-central-1"
  profile = var.logs_profile
}

variable "logs_profile" {
  description = "AWS CLI profile of the account with the logs."
  type        = string
}

variable "logs_account" {
  description = "Number of that account."
  type        = string
}

variable "external_id" {
  description = "External id for the role there (openssl rand -hex 16); external_id of the source."
  type        = string
}

variable "network" {
  description = "VPC and subnets of the service."
  type = object({
    vpc_id          = string
    public_subnets  = list(string)
    private_subnets = list(string)
  })
}

variable "image" {
  description = "The image, by digest."
  type        = string
}

variable "architecture" {
  description = "Architecture of the image: x86_64, or arm64 if `uname -m` prints aarch64 or arm64."
  type        = string
}

variable "repository_arn" {
  description = "ECR repository of the image."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate of logs.example.com."
  type        = string
}

variable "cursor_key_secret_arn" {
  description = "Secret with the cursor keys (infra/README.md, step 2)."
  type        = string
}

module "source_role" {
  source    = "../../source-role"
  providers = { aws = aws.logs }

  logmark_role_arn = module.logmark.role_arn
  external_id      = var.external_id
  log_group_arns   = ["arn:aws:logs:eu-central-1:${var.logs_account}:log-group:/acme/*"]
  queries          = true
  read_quotas      = true
}

module "logmark" {
  source = "../../fargate"

  image          = var.image
  repository_arn = var.repository_arn
  architecture   = var.architecture

  public_url      = "https://logs.example.com"
  certificate_arn = var.certificate_arn

  vpc_id             = var.network.vpc_id
  public_subnet_ids  = var.network.public_subnets
  private_subnet_ids = var.network.private_subnets

  source_role_arns = ["arn:aws:iam::${var.logs_account}:role/logmark-read"]

  config                = "ssm:/logmark/config"
  cursor_key_secret_arn = var.cursor_key_secret_arn
}

output "domain_target" {
  description = "Target of the DNS record of logs.example.com."
  value       = module.logmark.domain_target
}
