variable "name" {
  description = "The service's name; its log group is /logmark/NAME."
  type        = string
  default     = "logmark"

  validation {
    condition     = can(regex("^[A-Za-z0-9-]{1,24}$", var.name))
    error_message = "It must have 1 to 24 letters, digits or -."
  }
}

variable "image" {
  description = "The container image, with a digest or a tag that is never moved: REGISTRY/logmark@sha256:…"
  type        = string

  validation {
    condition     = can(regex("(@sha256:[0-9a-f]{64}|:[^:/]+)$", var.image)) && !endswith(var.image, ":latest")
    error_message = "Name a digest or a tag, and not latest: what runs must be known."
  }
}

variable "repository_arn" {
  description = "The ECR repository of the image."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:ecr:[a-z0-9-]+:[0-9]{12}:repository/.+$", var.repository_arn))
    error_message = "It must be the ARN of an ECR repository."
  }
}

variable "architecture" {
  description = "What the image was built for."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "It must be arm64 or x86_64."
  }
}

variable "cpu" {
  description = "Processor units of a task; 1024 are one processor."
  type        = number
  default     = 512
}

variable "memory" {
  description = "Megabytes of a task. A streamed answer whose client has stopped reading holds 1.7 MB."
  type        = number
  default     = 1024
}

variable "tasks_min" {
  description = "Tasks at least; two survive the loss of a zone."
  type        = number
  default     = 2

  validation {
    condition     = var.tasks_min >= 1
    error_message = "It must be at least 1."
  }
}

variable "tasks_max" {
  description = "Tasks at most."
  type        = number
  default     = 6
}

variable "public_url" {
  description = "How clients reach Logmark: https://logs.example.com"
  type        = string

  validation {
    condition     = startswith(var.public_url, "https://")
    error_message = "It must begin with https://"
  }
}

variable "certificate_arn" {
  description = "The ACM certificate of public_url's host, in this region."
  type        = string
}

variable "web_acl_arn" {
  description = "A regional WAF web ACL; empty for none."
  type        = string
  default     = ""
}

variable "access_log_bucket" {
  description = "An S3 bucket for the load balancer's access log; empty for none."
  type        = string
  default     = ""
}

variable "deletion_protection" {
  description = "Refuse to delete the load balancer until this is turned off?"
  type        = bool
  default     = true
}

variable "internal" {
  description = "Is the load balancer reachable only from within the network?"
  type        = bool
  default     = false
}

variable "client_cidrs" {
  description = "Where clients may come from."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "public_subnet_ids" {
  description = "Subnets of the load balancer, in at least two zones."
  type        = list(string)

  validation {
    condition     = length(var.public_subnet_ids) >= 2
    error_message = "A load balancer needs two subnets in different zones."
  }
}

variable "private_subnet_ids" {
  description = "Subnets of the tasks, with a way out to AWS and to the token issuers."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 1
    error_message = "The tasks need at least one subnet."
  }
}

variable "log_group_arns" {
  description = "Log groups of this account that any tenant may see, as arn:aws:logs:REGION:ACCOUNT:log-group:NAME without :* at the end; empty when all sources are read by source_role_arns."
  type        = list(string)
  default     = []
}

variable "queries" {
  description = "May tenants be granted the action `query` (Logs Insights)?"
  type        = bool
  default     = false
}

variable "source_role_arns" {
  description = "The roles that sources name as assume_role (the module source-role makes them)."
  type        = list(string)
  default     = []
}

variable "config" {
  description = "Where logmark.toml is: ssm:/name or s3://bucket/key."
  type        = string

  validation {
    condition     = var.config != ""
    error_message = "Write ssm:/name or s3://bucket/key."
  }
}

variable "config_kms_key_arn" {
  description = "The customer managed KMS key of the parameter or object, if there is one."
  type        = string
  default     = ""
}

variable "cursor_key_secret_arn" {
  description = "A Secrets Manager secret {\"current\":\"…\",\"previous\":\"…\"}, each 32 bytes in base64, for cursor_keys = [\"env:LOGMARK_CURSOR_KEY\", \"env:LOGMARK_CURSOR_KEY_PREVIOUS\"]; encrypted with AWS's own key, since the start role may use no other."
  type        = string
}

variable "log_retention_days" {
  description = "Days that Logmark's own log is kept, its audit lines too."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "It must be a number of days that CloudWatch Logs knows, from 30 on."
  }
}

variable "kms_key_arn" {
  description = "A KMS key for Logmark's own log group; empty for AWS's own."
  type        = string
  default     = ""
}

variable "alarm_topic_arns" {
  description = "SNS topics for the alarms; none for alarms that only change colour."
  type        = list(string)
  default     = []
}
