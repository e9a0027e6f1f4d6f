# A leaf with two uplinks to spines, an aggregated one to a third, and a server whose
# virtual machine is in VXLAN 200.
resource "vpn_simulated_device" "example" {
  display_name       = "leaf-1"
  serial_number      = "TA3714040533"
  cpu_utilization    = 20
  memory_utilization = 15
  timestamp_type     = "PTP"

  interface {
    name = "ge-0/0/0.0"
  }
  interface {
    name = "xe-0/0/8.0"
  }
  interface {
    name = "xe-0/0/18.0"
    counters {
      tx_crcerror = 3
    }
    background {
      rx_pps = 10
      rx_bw  = 12000
    }
  }
  interface {
    name = "xe-0/0/14.0"
  }
  interface {
    name = "xe-0/0/16.0"
  }

  lag {
    name    = "ae0.0"
    members = ["xe-0/0/14.0", "xe-0/0/16.0"]
  }

  ecmp_group {
    destinations = ["10.21.7.0/24"]
    interfaces   = ["xe-0/0/18.0", "xe-0/0/8.0", "ae0.0"]
  }

  host {
    address   = "10.21.1.1"
    interface = "ge-0/0/0.0"
    guest {
      address     = "10.21.200.2"
      vnid        = 200
      mac_address = "52:54:00:b8:9b:2e"
    }
  }
}
