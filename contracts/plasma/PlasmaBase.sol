// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChain} from "../interfaces/IRootChain.sol";
import {BlockTree} from "../lib/BlockTree.sol";
import {PlasmaTx} from "../lib/PlasmaTx.sol";
import {Signatures} from "../lib/Signatures.sol";

/// @title Parameters, head, and checks shared by all exits: existence and spends of outputs
abstract contract PlasmaBase is IRootChain {
    /// @dev The fields that every block and every deposit reads, in one slot.
    /// @param operator The operator
    /// @param nextBlock The number of the next block
    /// @param nextDeposit The id of the next deposit
    /// @param frozen True if the chain is frozen
    struct Head {
        address operator;
        uint40 nextBlock;
        uint40 nextDeposit;
        bool frozen;
    }

    /// @dev An output with its id.
    struct Output {
        bytes32 id;
        address owner;
        uint256 token;
        uint256 amount;
    }

    /// @dev The bit that marks the position of a deposit.
    uint256 private constant DEPOSIT = 1 << 63;
    uint256 private constant RECORD_BYTES = 39;
    /// @dev A number above any block and any time.
    uint256 internal constant NEVER = type(uint40).max;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    address internal immutable _OPERATOR;
    address internal immutable _VALIDITY;
    address internal immutable _PERMIT2;
    uint256 internal immutable _EXIT_PERIOD;
    uint256 internal immutable _ROTATION_DELAY;
    uint256 internal immutable _DATA_DELAY;
    uint256 internal immutable _EXIT_BOND;
    uint256 internal immutable _IN_FLIGHT_BOND;
    uint256 internal immutable _PIGGYBACK_BOND;
    uint256 internal immutable _DATA_BOND;
    uint256 internal immutable _BOUNTY;
    uint256 private immutable _CHAIN_ID;
    bytes32 private immutable _DOMAIN;

    Head private _head;
    /// @inheritdoc IRootChain
    mapping(uint256 number => bytes32) public blocks;
    /// @inheritdoc IRootChain
    mapping(uint256 id => bytes32) public deposits;
    bool private transient _entered;

    constructor(Config memory c) {
        if (
            c.operator == address(0) || c.exitPeriod < 2 || c.exitPeriod > 3650 days || c.exitBond < c.bounty
                || c.piggybackBond < c.bounty || c.rotationDelay > 3650 days || c.dataDelay > 3650 days
                || c.dataDelay == 0
        ) revert InvalidConfig();
        _OPERATOR = c.operator;
        _VALIDITY = c.validity;
        _PERMIT2 = c.permit2;
        _EXIT_PERIOD = c.exitPeriod;
        _ROTATION_DELAY = c.rotationDelay;
        _DATA_DELAY = c.dataDelay;
        _EXIT_BOND = c.exitBond;
        _IN_FLIGHT_BOND = c.inFlightBond;
        _PIGGYBACK_BOND = c.piggybackBond;
        _DATA_BOND = c.dataBond;
        _BOUNTY = c.bounty;
        _CHAIN_ID = block.chainid;
        _DOMAIN = _buildDomain();
        _head = Head(c.operator, 1, 1, false);
    }

    /// @dev Prevents re-entry.
    modifier nonReentrant() {
        _enter();
        _;
        _entered = false;
    }

    // ------------------------------------------------------------------------------------------------------ Views

    /// @inheritdoc IRootChain
    function config() external view returns (Config memory) {
        uint256[11] memory words = [
            uint256(uint160(_OPERATOR)),
            uint256(uint160(_VALIDITY)),
            uint256(uint160(_PERMIT2)),
            _EXIT_PERIOD,
            _ROTATION_DELAY,
            _DATA_DELAY,
            _EXIT_BOND,
            _IN_FLIGHT_BOND,
            _PIGGYBACK_BOND,
            _DATA_BOND,
            _BOUNTY
        ];
        // The values are as given at deployment, within their widths, and need no masking.
        assembly ("memory-safe") {
            return(words, 352)
        }
    }

    /// @inheritdoc IRootChain
    function head() external view returns (address operator, uint256 nextBlock, uint256 nextDeposit, bool frozen) {
        Head memory h = _head;
        return (h.operator, h.nextBlock, h.nextDeposit, h.frozen);
    }

    /// @inheritdoc IRootChain
    function domainSeparator() public view returns (bytes32) {
        return block.chainid == _CHAIN_ID ? _DOMAIN : _buildDomain();
    }

    // ------------------------------------------------------------------------------------------------------- Head

    function _loadHead() internal view returns (Head storage h) {
        h = _head;
        if (h.frozen) revert ChainFrozen();
    }

    function _requireOperator() internal view returns (Head storage h) {
        h = _head;
        if (msg.sender != h.operator) revert UnauthorizedCaller(msg.sender, h.operator);
    }

    function _setOperator(address operator) internal {
        _head.operator = operator;
    }

    function _freeze() internal {
        _head.frozen = true;
    }

    /// @dev Returns the first bucket that contains only future blocks.
    function _nextBucket() internal view returns (uint256) {
        return (uint256(_head.nextBlock) + 1) >> 1;
    }

    /// @dev Returns true if no future block can have the number.
    function _hasPassed(uint256 number) internal view returns (bool) {
        return number < _head.nextBlock;
    }

    function _enter() private {
        if (_entered) revert ReentrantCall();
        _entered = true;
    }

    // ---------------------------------------------------------------------------------------------------- Outputs

    /// @dev Returns the output at a position of a given transaction, or a deposit, whose record is checked. The caller
    /// must have verified that the transaction exists, by id or by inclusion proof.
    function _outputOf(bytes calldata data, uint256 position) internal view returns (Output memory o) {
        if (position & DEPOSIT != 0) {
            uint256 number = (position ^ DEPOSIT) >> 24;
            if (uint24(position) != 0 || data.length != RECORD_BYTES || keccak256(data) != deposits[number]) {
                revert InvalidProof(position);
            }
            o.id = keccak256(abi.encodePacked(uint8(3), uint64(number)));
            (o.owner, o.token, o.amount) = PlasmaTx.record(data, 0);
        } else {
            uint256 index = uint8(position);
            if (index >= PlasmaTx.outputs(data)) revert InvalidOutput(position);
            o.id = _idOf(PlasmaTx.hash(data), index);
            (o.owner, o.token, o.amount) = PlasmaTx.output(data, index);
        }
    }

    /// @dev Returns an output that is proven to exist, and the time of its block; zero for a deposit.
    function _requireOutput(Proof calldata p) internal view returns (Output memory o, uint256 time) {
        if (!_isDeposit(p.position)) time = _requireIncluded(p);
        o = _outputOf(p.data, p.position);
    }

    function _idOf(bytes32 txHash, uint256 index) internal pure returns (bytes32) {
        return _hashOf(txHash, bytes32(index << 248), 33);
    }

    function _hashOf(bytes32 a, bytes32 b, uint256 length) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            mstore(0, a)
            mstore(32, b)
            result := keccak256(0, length)
        }
    }

    function _isDeposit(uint256 position) internal pure returns (bool) {
        return position & DEPOSIT != 0;
    }

    /// @dev Returns the block under which an exit is registered. Deposits come before all blocks.
    function _priorityOf(uint256 position) internal pure returns (uint256) {
        return _isDeposit(position) ? 0 : position >> 24;
    }

    /// @dev Requires a valid transaction in a block that may include it. Returns the block's time.
    function _requireIncluded(Proof calldata p) internal view returns (uint256) {
        if (!PlasmaTx.isValid(p.data)) revert InvalidTransaction();
        return _requirePlaced(p);
    }

    /// @dev Requires that a transaction known to be valid is in a block that may include it. Returns the block's time.
    function _requirePlaced(Proof calldata p) internal view returns (uint256) {
        bytes calldata data = p.data;
        uint256 position = p.position;
        uint256 word = p.word;
        uint256 number = position >> 24;
        _requireStanding(position, word, data, p.path);
        uint256 expiry = PlasmaTx.expiry(data);
        if (number > expiry || (number != expiry && PlasmaTx.kindOf(data) == PlasmaTx.FEE)) {
            revert LateInclusion(number, expiry);
        }
        return word >> 32;
    }

    /// @dev Requires that the block contains the bytes at this index, whether or not they are a valid transaction.
    function _requireStanding(uint256 position, uint256 word, bytes calldata data, bytes32[] calldata path)
        internal
        view
    {
        (bool fits, bytes32 root) =
            BlockTree.rootOf(uint32(word), uint16(position >> 8), PlasmaTx.tagged(0, data), path);
        if (!fits || _hashOf(root, bytes32(word), 64) != blocks[position >> 24]) revert InvalidProof(position);
    }

    /// @dev Requires a payment that can still be included, or is proven to be included.
    function _requireAlive(Proof calldata p) internal view returns (bytes calldata data) {
        data = p.data;
        if (!PlasmaTx.isValid(data) || PlasmaTx.inputs(data) == 0) revert InvalidTransaction();
        if (p.position != 0) {
            _requirePlaced(p);
        } else {
            uint256 expiry = PlasmaTx.expiry(data);
            if (_hasPassed(expiry)) revert LateInclusion(0, expiry);
        }
    }

    /// @dev Requires that a transaction spends the output at `position`, signed by the owners of all its inputs. A
    /// transaction that only some have signed is not a spend: otherwise an account that withholds a half-signed swap
    /// could block the owner who signed it.
    function _requireSpend(Spend calldata s, uint256 position, address owner) internal returns (bytes32 txHash) {
        bytes calldata data = _requireAlive(s.proof);
        txHash = PlasmaTx.hash(data);
        uint256 n = PlasmaTx.inputs(data);
        uint256 spent = PlasmaTx.input(data, 0);
        for (uint256 i = 1; i < n && spent != position; ++i) {
            spent = PlasmaTx.input(data, i);
        }
        if (spent != position || spent == 0) revert InvalidSpend(spent, position);
        if (n == 1) {
            _requireSigned(_digestOf(data), owner, s.signatures);
        } else {
            (Output[] memory outputs,,) = _requireInputs(data, s.inputs, s.signatures);
            _requireBalanced(data, outputs);
            if (s.proof.position == 0) emit SpendShown(txHash, s.signatures);
        }
    }

    /// @dev Returns the outputs that a payment spends, all proven to exist and signed by their owners.
    /// @return spent The outputs, in order
    /// @return youngest The latest time of their blocks
    /// @return priority The highest number of their blocks
    function _requireInputs(bytes calldata data, Proof[] calldata inputs, bytes calldata signatures)
        internal
        view
        returns (Output[] memory spent, uint256 youngest, uint256 priority)
    {
        uint256 n = PlasmaTx.inputs(data);
        if (inputs.length != n || signatures.length != 64 * n) revert InvalidInputs(n);
        bytes32 digest = _digestOf(data);
        spent = new Output[](n);
        for (uint256 i; i < n; ++i) {
            Proof calldata p = inputs[i];
            uint256 position = p.position;
            uint256 need = PlasmaTx.input(data, i);
            if (position != need) revert InvalidSpend(need, position);
            uint256 made;
            (spent[i], made) = _requireOutput(p);
            _requireSigned(digest, spent[i].owner, signatures[64 * i:64 * i + 64]);
            // An output that was included twice has two positions, but can be spent only once.
            for (uint256 j; j < i; ++j) {
                if (spent[j].id == spent[i].id) revert InvalidInputs(i);
            }
            if (made > youngest) youngest = made;
            if (_priorityOf(position) > priority) priority = _priorityOf(position);
        }
    }

    /// @dev Requires that no token's outputs exceed its inputs. The amounts in `spent` are used up.
    function _requireBalanced(bytes calldata data, Output[] memory spent) internal pure {
        uint256 outs = PlasmaTx.outputs(data);
        for (uint256 k; k < outs; ++k) {
            (, uint256 token, uint256 need) = PlasmaTx.output(data, k);
            for (uint256 i; i < spent.length; ++i) {
                Output memory o = spent[i];
                if (o.token != token) continue;
                uint256 part = o.amount < need ? o.amount : need;
                unchecked {
                    o.amount -= part;
                    need -= part;
                }
            }
            if (need != 0) revert UnbalancedAmounts(token);
        }
    }

    // ------------------------------------------------------------------------------------------------- Signatures

    function _requireSigned(bytes32 digest, address owner, bytes calldata signature) internal pure {
        if (Signatures.recover(digest, signature) != owner) revert InvalidSignature(owner);
    }

    function _digestOf(bytes calldata data) internal view returns (bytes32) {
        return _typed(domainSeparator(), PlasmaTx.structHash(data));
    }

    function _typed(bytes32 domain, bytes32 structHash) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, hex"1901")
            mstore(add(m, 2), domain)
            mstore(add(m, 34), structHash)
            digest := keccak256(m, 66)
        }
    }

    function _buildDomain() private view returns (bytes32) {
        return
            keccak256(abi.encode(DOMAIN_TYPE, keccak256("layer2 plasma"), keccak256("1"), block.chainid, address(this)));
    }
}
