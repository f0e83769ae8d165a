terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "endpoint" { type = string }
provider "aws" {
  access_key                  = "test"
  secret_key                  = "test"
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  default_tags { tags = { owner = "terraform" } }
  endpoints {
    ec2 = var.endpoint
    iam = var.endpoint
    sts = var.endpoint
  }
}
data "aws_availability_zones" "all" { state = "available" }
data "aws_vpc" "default" { default = true }
data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}
data "aws_subnet" "each" {
  for_each = toset(data.aws_subnets.default.ids)
  id       = each.value
}
data "aws_security_group" "default" {
  name   = "default"
  vpc_id = data.aws_vpc.default.id
}
data "aws_route_table" "main" { vpc_id = data.aws_vpc.default.id }
data "aws_internet_gateway" "door" {
  filter {
    name   = "attachment.vpc-id"
    values = [data.aws_vpc.default.id]
  }
}
data "aws_prefix_list" "s3" { name = "com.amazonaws.eu-west-1.s3" }
resource "aws_security_group" "inline" {
  name        = "inline"
  description = "with its rules inside"
  vpc_id      = data.aws_vpc.default.id
  tags        = { team = "blue" }
  ingress {
    description = "ping"
    from_port   = -1
    to_port     = -1
    protocol    = "icmp"
    cidr_blocks = ["172.31.0.0/16"]
  }
  ingress {
    from_port = 0
    to_port   = 0
    protocol  = "-1"
    self      = true
  }
}
resource "aws_security_group" "web" {
  name = "web"
}
resource "aws_vpc_security_group_ingress_rule" "http" {
  security_group_id = aws_security_group.web.id
  description       = "everyone"
  cidr_ipv4         = "0.0.0.0/0"
  from_port         = 80
  to_port           = 81
  ip_protocol       = "tcp"
  tags              = { port = "http" }
}
resource "aws_vpc_security_group_ingress_rule" "peers" {
  security_group_id            = aws_security_group.web.id
  referenced_security_group_id = aws_security_group.inline.id
  ip_protocol                  = "-1"
}
resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.web.id
  cidr_ipv6         = "::/0"
  ip_protocol       = "-1"
}
resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.web.id
  prefix_list_id    = data.aws_prefix_list.s3.id
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}
resource "aws_security_group_rule" "old" {
  type              = "ingress"
  security_group_id = aws_security_group.web.id
  source_security_group_id = data.aws_security_group.default.id
  from_port         = 53
  to_port           = 53
  protocol          = "udp"
}
output "zones" { value = sort([for each in data.aws_subnet.each : each.availability_zone]) }
output "blocks" { value = sort([for each in data.aws_subnet.each : each.cidr_block]) }
