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
  description = "Container image, with a digest or an immutable tag: REGISTRY/logmark@sha256:…"
  type        = string

  validation {
    condition     = can(regex("(@sha256:[0-9a-f]{64}|:[^:/]+)$", var.image)) && !endswith(var.image, ":latest")
    error_message = "Use a digest or a tag other than latest, so that the running version is known."
  }
}

variable "repository_arn" {
  description = "ECR repository of the image."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:ecr:[a-z0-9-]+:[0-9]{12}:repository/.+$", var.repository_arn))
    error_message = "It must be the ARN of an ECR repository."
  }
}

variable "architecture" {
  description = "Architecture of the image."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "It must be arm64 or x86_64."
  }
}

variable "cpu" {
  description = "CPU units of a task; 1024 are one vCPU."
  type        = number
  default     = 512
}

variable "memory" {
  description = "Memory of a task in MB. Answers hold at most response_memory of the configuration."
  type        = number
  default     = 1024
}

variable "tasks_min" {
  description = "Minimum number of tasks; two survive the loss of a zone."
  type        = number
  default     = 2

  validation {
    condition     = var.tasks_min >= 1
    error_message = "It must be at least 1."
  }
}

variable "tasks_max" {
  description = "Maximum number of tasks."
  type        = number
  default     = 6
}

variable "public_url" {
  description = "URL that clients use: https://logs.example.com"
  type        = string

  validation {
    condition     = startswith(var.public_url, "https://")
    error_message = "It must begin with https://"
  }
}

variable "certificate_arn" {
  description = "ACM certificate of public_url's host, in this region."
  type        = string
}

variable "web_acl_arn" {
  description = "Regional WAF web ACL; empty for none."
  type        = string
  default     = ""
}

variable "access_log_bucket" {
  description = "S3 bucket for the load balancer's access log; empty for none."
  type        = string
  default     = ""
}

variable "deletion_protection" {
  description = "Protect the load balancer from deletion?"
  type        = bool
  default     = true
}

variable "internal" {
  description = "Make the load balancer reachable only from within the network?"
  type        = bool
  default     = false
}

variable "client_cidrs" {
  description = "Networks of the clients."
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
  description = "Subnets of the tasks, with a route to AWS and to the token issuers."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 1
    error_message = "The tasks need at least one subnet."
  }
}

variable "log_group_arns" {
  description = "Log groups of this account that any tenant may see, as arn:aws:logs:REGION:ACCOUNT:log-group:NAME without :* at the end; empty if all sources use source_role_arns."
  type        = list(string)
  default     = []
}

variable "queries" {
  description = "Allow Logs Insights queries (the action `query` in grants)?"
  type        = bool
  default     = false
}

variable "source_role_arns" {
  description = "Roles that sources name as assume_role (created by the module source-role)."
  type        = list(string)
  default     = []
}

variable "audit_log_group_arn" {
  description = "Existing log group for audit lines (`[audit] sink = \"log_group\"`) as arn:aws:logs:REGION:ACCOUNT:log-group:NAME, without :* at the end; empty for other sinks."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[A-Za-z0-9_/.#-]+$", var.audit_log_group_arn))
    error_message = "It must be arn:aws:logs:REGION:ACCOUNT:log-group:NAME, without :* at the end."
  }
}

variable "config" {
  description = "Location of logmark.toml: ssm:/name or s3://bucket/key."
  type        = string

  validation {
    condition     = var.config != ""
    error_message = "Use the form ssm:/name or s3://bucket/key."
  }
}

variable "config_kms_key_arn" {
  description = "Customer managed KMS key of the parameter or object, if any."
  type        = string
  default     = ""
}

variable "cursor_key_secret_arn" {
  description = "A Secrets Manager secret {\"current\":\"…\",\"previous\":\"…\"}, each 32 bytes in base64, for cursor_keys = [\"env:LOGMARK_CURSOR_KEY\", \"env:LOGMARK_CURSOR_KEY_PREVIOUS\"]; encrypted with AWS's own key, since the start role may use no other."
  type        = string
}

variable "log_retention_days" {
  description = "Retention of Logmark's own log in days, including audit lines."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "It must be a retention that CloudWatch Logs supports, of at least 30 days."
  }
}

variable "kms_key_arn" {
  description = "KMS key for Logmark's own log group; empty for the AWS owned key."
  type        = string
  default     = ""
}

variable "alarm_topic_arns" {
  description = "SNS topics for the alarms; none for alarms without notifications."
  type        = list(string)
  default     = []
}
